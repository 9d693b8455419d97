"""The tasks of an app: their names, and who works on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mog.doctor.findings import Finding, ok, warn
from mog.request import Request

if TYPE_CHECKING:
    from mog.app import App

SHOWN = 5
"""Names in a line."""


def tasks(app: App) -> Iterator[Finding]:
    """Look at names and queues."""
    names = app.tasks.names
    if not names:
        yield warn("tasks", f"app {app.name} has no tasks", "name the modules that hold them: `imports` in [tool.mog]")
        return
    yield ok("tasks", f"app {app.name} has {len(names)}: {listed(names)}")
    yield from derived_names(app)
    yield from unserved_tasks(app)
    yield from idle_routes(app)


def derived_names(app: App) -> Iterator[Finding]:
    """Find tasks whose names are derived from their functions."""
    derived = [task.name for task in app.tasks if not task.named]
    if derived:
        what = f"{listed(derived)}: no name of its own, so it is lost when its function moves"
        yield warn("tasks", what, "`mog lint --fix` writes it (mog explain MOG101)")


def unserved_tasks(app: App) -> Iterator[Finding]:
    """Find tasks whose queues no worker of this app works on, as the settings are here."""
    served = app.queues.worked_on()
    routes = {task.name: app.queues.route(Request(name=task.name), task) for task in app.tasks}
    for queue in sorted(set(routes.values()) - served):
        names = [name for name, route in routes.items() if route == queue]
        what = f"{listed(names)}: goes to queue {queue!r}, on which a worker with these settings does not work"
        yield warn("queues", what, f"run another one for it: mog run --queues {queue}; or see task_queues")


def idle_routes(app: App) -> Iterator[Finding]:
    """Find routes of tasks that are not there."""
    strange = [name for name in app.config.task_routes if app.tasks.find(name) is None]
    if strange:
        what = f"task_routes names {listed(strange)}, which no task of this app is called"
        yield warn("queues", what, "correct the name, or take the route out, unless it is another service's")


def listed(names: Iterable[str]) -> str:
    """Write names, the first of many."""
    found = sorted(names)
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more
