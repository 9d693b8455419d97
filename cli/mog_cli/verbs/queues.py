"""`mog queues`: how full they are, and how to empty them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mog_cli import output
from mog_cli.completion import queue_names
from mog_cli.confirming import confirm
from mog_cli.errors import CommandError
from mog_cli.options import AppOption, Json, Verbose, Yes
from mog_cli.parsing import Verb, Verbs

if TYPE_CHECKING:
    from mog import App
    from mog.engine.records import QueueDepth

verbs = typer.Typer(help="Look at queues, empty them.", cls=Verbs, rich_markup_mode=None, add_completion=False)


@verbs.command("status", cls=Verb)
def status(app: AppOption = None, as_json: Json = False, _verbose: Verbose = False) -> None:
    """Show how many tasks wait and run in each queue."""
    from mog_cli.app_loading import load_app, with_app

    depths = with_app(load_app(app), lambda app: app.queue_depths())
    if as_json:
        for depth in depths:
            output.json_line(depth._asdict())
    else:
        rows = [(depth.name, str(depth.ready), str(depth.delayed), str(depth.running)) for depth in depths]
        output.table(("QUEUE", "READY", "DELAYED", "RUNNING"), rows)


@verbs.command("purge", cls=Verb)
def purge(
    queues: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUEUE", help="Which; else all of the app's.", autocompletion=queue_names),
    ] = None,
    yes: Yes = False,
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> None:
    """Drop the tasks that wait in queues; running tasks go on."""
    from mog_cli.app_loading import load_app, with_app

    loaded = load_app(app)
    names = check_names(loaded, queues or [])
    if not yes:
        confirm_purge(with_app(loaded, lambda app: app.queue_depths(names)))
    dropped = with_app(loaded, lambda app: app.purge_task_queues(names))
    if as_json:
        output.json_line(dropped)
    else:
        output.table(("QUEUE", "DROPPED"), [(name, str(count)) for name, count in dropped.items()])


def check_names(app: App, queues: Sequence[str]) -> list[str]:
    """Return the queues that are meant. Raises CommandError for one that the app does not have."""
    known = sorted(app.get_task_queue_names())
    for name in queues:
        if name not in known:
            raise CommandError(f"app {app.name!r} has no queue {name!r}; it has {', '.join(known)}")
    return list(queues) or known


def confirm_purge(depths: Sequence[QueueDepth]) -> None:
    """Ask before tasks are dropped. Raises CommandError for no, and where nobody is there to be asked."""
    waiting = sum(depth.ready + depth.delayed for depth in depths)
    confirm(f"drop {waiting} waiting tasks of {', '.join(depth.name for depth in depths)}")
