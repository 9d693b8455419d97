"""`mog run`: a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mog_cli.options import AppOption, Verbose

if TYPE_CHECKING:
    from mog import App
    from mog_cli.worker_log import WorkerLog


def run(
    app_argument: Annotated[str | None, typer.Argument(metavar="MODULE[:NAME]", help="The same as --app.")] = None,
    *,
    app: AppOption = None,
    queues: Annotated[str | None, typer.Option(metavar="A,B", help="Work on these queues alone.")] = None,
    exclude_queues: Annotated[str | None, typer.Option(metavar="A,B", help="Work on all queues but these.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, metavar="N", help="Tasks that run at a time.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End when no task is ready.")] = False,
    log_format: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="text (on a terminal), logfmt (elsewhere) or json.")
    ] = None,
    _verbose: Verbose = False,
) -> int:
    """Run a worker until Ctrl-C or SIGTERM.

    The first lets running tasks end; a second one ends the worker at once, and puts them back.
    """
    if queues is not None and exclude_queues is not None:
        raise typer.BadParameter("give either --queues or --exclude-queues, not both")

    from mog.worker.run import run_worker
    from mog_cli.app_loading import load_app
    from mog_cli.worker_log import WorkerLog

    log = WorkerLog.of_format(log_format)
    loaded = load_app(app_argument or app)
    log.set_up_logging()
    describe(loaded, log)
    return run_worker(
        loaded,
        concurrency=concurrency,
        queues=None if queues is None else names(queues),
        exclude_queues=names(exclude_queues or ""),
        once=once,
        observer=log.show,
    )


def names(text: str) -> list[str]:
    """Split a list of names."""
    return [name.strip() for name in text.split(",") if name.strip()]


def describe(app: App, log: WorkerLog) -> None:
    """Tell what is about to run, and what of it will do harm one day."""
    from mog.validation import redact

    engine = redact(app.config.broker)
    tasks = tuple(app.tasks.names)
    text = f"app {app.name} on {engine}, {len(tasks)} tasks: {', '.join(tasks) or 'none; see `imports` in [tool.mog]'}"
    log.line("info" if tasks else "warning", text, event="worker", app=app.name, engine=engine, tasks=tasks)
    for task in app.tasks:
        if not task.named:
            harm = f"task {task.name} has no name of its own: it is lost when its function moves (mog explain MOG101)"
            log.line("warning", harm, event="derived-name", task=task.name, rule="MOG101")
