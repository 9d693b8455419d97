"""`mog queues`: how full they are, how to empty them, and how to get tasks out of the store into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mog_cli import output
from mog_cli.completion import queue_names
from mog_cli.confirming import confirm, counted
from mog_cli.errors import CommandError, ExitCode
from mog_cli.options import AppOption, Json, Verbose, Yes
from mog_cli.parsing import Verb, Verbs

if TYPE_CHECKING:
    from mog import App
    from mog.engine.records import QueueDepth

verbs = typer.Typer(
    help="Look at queues, empty them, unpark what waits in Redis.",
    cls=Verbs,
    rich_markup_mode=None,
    add_completion=False,
)


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


@verbs.command("unpark", cls=Verb)
def unpark(
    queues: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUEUE", help="Which; else all, the app's and others.", autocompletion=queue_names),
    ] = None,
    yes: Yes = False,
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> ExitCode:
    """Publish what waits in Redis, to run at once: the way back to Mognet or to an older release.

    Delayed tasks, those that were put back until later and those that dead workers ran become messages that Mognet
    reads, too. Stop the workers first: what they run stays theirs, and the exit code is 3.
    """
    from mog import unparking
    from mog_cli.app_loading import load_app, with_app

    loaded = load_app(app)
    names = check_names(loaded, queues) if queues else []
    unparking.check_engine(loaded)
    if not yes:
        confirm_unpark(with_app(loaded, lambda app: app.queue_depths(names or None)))
    unparked = with_app(loaded, lambda app: unparking.unpark(app, names))
    if as_json:
        output.json_line(unparked._asdict())
    else:
        rows = [(name, str(count)) for name, count in unparked.published.items()]
        output.table(("QUEUE", "PUBLISHED"), rows)
    if not unparked.held:
        return ExitCode.DONE
    held = counted(unparked.held, "task")
    output.note(f"{held} stayed with workers that live, or died seconds ago: stop them, wait 10 s, and repeat this")
    return ExitCode.UNFINISHED


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
    confirm(f"drop {counted(waiting, 'waiting task')} of {named(depths)}")


def confirm_unpark(depths: Sequence[QueueDepth]) -> None:
    """Ask before tasks lose the times for which they wait. Raises CommandError as confirm() does."""
    delayed = counted(sum(depth.delayed for depth in depths), "delayed task")
    confirm(f"take {delayed} of {named(depths)} out of the store, to run at once")


def named(depths: Sequence[QueueDepth]) -> str:
    """Return ``queue a`` or ``queues a, b``."""
    return f"{'queue' if len(depths) == 1 else 'queues'} {', '.join(depth.name for depth in depths)}"
