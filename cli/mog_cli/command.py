"""The command `mog`: its verbs, and its way from the command line to an exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import typer

from mog_cli import errors, output
from mog_cli.options import Settings, Verbose
from mog_cli.parsing import Announced, AnnouncedVerbs


class Mog(AnnouncedVerbs):
    """`mog`: a new verb is a module, and a line here."""

    announced: ClassVar[Mapping[str, Announced]] = {
        "new": Announced("mog_cli.verbs.new:new", "Scaffold a project that runs at once, with tests and settings."),
        "run": Announced("mog_cli.verbs.run:run", "Run a worker until Ctrl-C or SIGTERM."),
        "submit": Announced("mog_cli.verbs.submit:submit", "Submit a task; print its id, or with --wait its value."),
        "tasks": Announced("mog_cli.verbs.tasks:verbs", "Look at tasks, wait for them, call them off, run them again."),
        "queues": Announced("mog_cli.verbs.queues:verbs", "Look at queues, empty them, unpark what waits in Redis."),
        "dead": Announced("mog_cli.verbs.dead:verbs", "Look at dead letters, replay them, drop them."),
        "nodes": Announced("mog_cli.verbs.nodes:verbs", "Look at the processes that work."),
        "doctor": Announced("mog_cli.verbs.doctor:doctor", "Look over the app and what it stands on; say what to do."),
        "lint": Announced("mog_cli.verbs.lint:lint", "Check the source of tasks."),
        "explain": Announced("mog_cli.verbs.explain:explain", "Explain a rule of the linter."),
        "rules": Announced("mog_cli.verbs.rules:rules", "List the linter's rules."),
        "lsp": Announced("mog_cli.verbs.lsp:lsp", "Serve an editor over stdin and stdout."),
    }


app = typer.Typer(
    name="mog",
    cls=Mog,
    rich_markup_mode=None,  # help drawn by rich takes twice the time
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(asked: bool) -> None:
    """Print the version and end."""
    if asked:
        from importlib.metadata import version

        output.data(f"mog {version('mogkit')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def mog(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=show_version, expose_value=False)
    ] = False,
    _verbose: Verbose = False,
) -> None:
    """Asyncio task queues: scaffold, run, submit, look, lint."""
    if context.invoked_subcommand is None:
        output.note(context.get_help())
        raise typer.Exit(errors.ExitCode.WRONG_USE)


def run(arguments: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit code; errors are reported, never raised."""
    settings = Settings()
    output.prepare()
    try:
        code = typer.main.get_command(app).main(list(arguments), "mog", standalone_mode=False, obj=settings)
        output.finish()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where errors become exit codes
        return errors.report(error, verbose=settings.verbose)
    return int(code or 0)
