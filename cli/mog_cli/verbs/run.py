"""`mog run`: a worker, or several with a supervisor."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mog_cli.completion import several_queue_names
from mog_cli.options import AppOption, Verbose, is_verbose

if TYPE_CHECKING:
    from mog import App
    from mog.worker.side_thread import SideThread
    from mog_cli.worker_log import WorkerLog

PROGRAM = (sys.executable, "-P", "-m", "mog_cli")
"""The command as another process; -P keeps modules of the current directory from shadowing others before mog starts."""

HealthOption = Annotated[
    str | None,
    typer.Option(metavar="[HOST]:PORT", help="Serve /livez, /readyz and /metrics; without HOST to this machine."),
]
GuardOption = Annotated[
    bool | None,
    typer.Option("--guard/--no-guard", help="Tell which tasks block the event loop; else as the settings say."),
]
LogFormatOption = Annotated[
    str | None, typer.Option(metavar="FORMAT", help="text (on a terminal), logfmt (elsewhere) or json.")
]
LogLevelOption = Annotated[
    str | None, typer.Option(metavar="LEVEL", help="debug, info, warning, error or critical.")
]  # fmt: skip


def run(
    context: typer.Context,
    app_argument: Annotated[str | None, typer.Argument(metavar="MODULE[:NAME]", help="The same as --app.")] = None,
    *,
    app: AppOption = None,
    queues: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Work on these queues alone.", autocompletion=several_queue_names),
    ] = None,
    exclude_queues: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Work on all queues but these.", autocompletion=several_queue_names),
    ] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, metavar="N", help="Tasks that run at a time.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End when no task is ready.")] = False,
    processes: Annotated[int, typer.Option(min=1, metavar="N", help="Run N workers, and replace those that die.")] = 1,
    max_tasks: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Replace each worker when it has run N tasks.")
    ] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Begin anew when sources change.")] = False,
    health: HealthOption = None,
    guard: GuardOption = None,
    log_format: LogFormatOption = None,
    log_level: LogLevelOption = None,
    supervised: Annotated[str | None, typer.Option(hidden=True)] = None,
    _verbose: Verbose = False,
) -> int:
    """Run a worker until Ctrl-C or SIGTERM.

    The first lets running tasks end; a second one ends the worker at once, and puts them back.
    """
    if queues is not None and exclude_queues is not None:
        raise typer.BadParameter("give either --queues or --exclude-queues, not both")
    if once and reload:
        raise typer.BadParameter("give either --once or --reload, not both")
    orders = Orders(
        app_argument or app,
        queues,
        exclude_queues,
        concurrency,
        once,
        processes,
        max_tasks,
        guard,
        log_format,
        log_level,
    )
    if supervised is not None:
        return orders.work_supervised(supervised)
    if processes > 1 or max_tasks is not None or reload:
        return orders.supervise(reload=reload, health=health, verbose=is_verbose(context))
    return orders.work_alone(health)


@dataclass(frozen=True)
class Orders:
    """What a worker is told, by the user or by its supervisor."""

    app: str | None
    queues: str | None
    exclude_queues: str | None
    concurrency: int | None
    once: bool
    processes: int
    max_tasks: int | None
    guard: bool | None
    log_format: str | None
    log_level: str | None

    def work_alone(self, health: str | None) -> int:
        """Run a worker in this process."""
        log = self.log()
        if health is None:
            return self.work(log)

        from mog.worker.health import HealthThread, listen, url_of

        listener = listen(health)
        url = url_of(listener)
        log.line("info", f"health on {url}/readyz", event="health", url=url)
        return self.work(log, HealthThread(listener))

    def work_supervised(self, line: str) -> int:
        """Run a worker in this process, which a supervisor has started as one of its own."""
        from mog.worker.link import Link

        descriptor, _, number = line.partition(":")
        several = self.processes > 1
        log = self.log(int(number) if several else None)
        return self.work(log, Link(int(descriptor), max_tasks=self.max_tasks), first=number == "1")

    def work(self, log: WorkerLog, side: SideThread | None = None, *, first: bool = True) -> int:
        """Load the app and run its worker; ``side`` answers for it from the start. Only the first says what runs."""
        from mog.worker.run import run_worker
        from mog_cli.app_loading import load_app
        from mog_cli.guard_log import GuardLog

        if side is not None:
            side.start()
        try:
            app = load_app(self.app)
            log.set_up_logging()
            self.check_memory(app)
            self.make_unique(app)
            if self.guard is not None:
                app.config.guard.enabled = self.guard
            if first:
                describe(app, log)
            guard_log = GuardLog(log)
            code = run_worker(
                app,
                side=side,
                concurrency=self.concurrency,
                queues=None if self.queues is None else names(self.queues),
                exclude_queues=names(self.exclude_queues or ""),
                once=self.once,
                observer=log.show,
                alarm=guard_log.alarm,
            )
            guard_log.tell_totals()
            return code
        finally:
            if side is not None:
                side.stop()

    def supervise(self, *, reload: bool, health: str | None, verbose: bool) -> int:
        """Keep workers running in processes of their own. Their code is imported there, never here."""
        from mog.worker.health import listen
        from mog.worker.supervisor import supervise
        from mog_cli.process_log import ProcessLog
        from mog_cli.project import find_project

        log = self.log()
        listener = None if health is None else listen(health)
        sources = find_project().source_roots() if reload else ()
        log.set_up_logging()
        return supervise(
            [*PROGRAM, *self.arguments(verbose=verbose), "--supervised"],
            processes=self.processes,
            once=self.once,
            sources=sources,
            listener=listener,
            observer=ProcessLog(log).show,
        )

    def arguments(self, *, verbose: bool) -> list[str]:
        """Return the command line that tells another process the same."""
        values = {
            "--app": self.app,
            "--queues": self.queues,
            "--exclude-queues": self.exclude_queues,
            "--concurrency": self.concurrency,
            "--processes": self.processes,
            "--max-tasks": self.max_tasks,
            "--log-format": self.log_format,
            "--log-level": self.log_level,
        }
        choices = (
            ("--once", self.once),
            ("--guard", self.guard is True),
            ("--no-guard", self.guard is False),
            ("--verbose", verbose),
        )
        flags = [flag for flag, is_set in choices if is_set]
        return ["run", *(f"{name}={value}" for name, value in values.items() if value is not None), *flags]

    def log(self, process: int | None = None) -> WorkerLog:
        """Return what prints, in the form that was asked for. Raises BadParameter."""
        from mog_cli.worker_log import WorkerLog

        return WorkerLog.of_format(self.log_format, level=self.log_level, process=process)

    def make_unique(self, app: App) -> None:
        """Give each of several processes a node_id of its own where the settings give one to all."""
        if (self.processes > 1 or self.max_tasks is not None) and "node_id" in app.config.model_fields_set:
            app.config.node_id += f".{os.getpid()}"

    def check_memory(self, app: App) -> None:
        """Refuse to lose tasks. Raises CommandError for workers that have no store in common."""
        from mog_cli.errors import CommandError

        if app.config.broker.startswith("memory:") and (self.processes > 1 or self.max_tasks is not None):
            option = "--processes" if self.processes > 1 else "--max-tasks"
            raise CommandError(
                f"{option} needs tasks that outlive a process, and app {app.name!r} keeps them in {app.config.broker}",
                hint="processes share a file, which is the default: broker sqlite:///.mog/mog.db",
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
