"""The command `mog`: its verbs, and its way from the command line to an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from mog_cli import errors, output
from mog_cli.options import Settings, Verbose
from mog_cli.parsing import Verb, Verbs, VerbWithValues
from mog_cli.verbs import explain, lint, new, queues, rules, submit, tasks
from mog_cli.verbs import run as run_verb

app = typer.Typer(
    name="mog",
    cls=Verbs,
    rich_markup_mode=None,  # help drawn by rich takes twice the time
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("new", cls=Verb)(new.new)
app.command("run", cls=Verb)(run_verb.run)
app.command("lint", cls=Verb)(lint.lint)
app.command("explain", cls=Verb)(explain.explain)
app.command("rules", cls=Verb)(rules.rules)
app.command("submit", cls=VerbWithValues)(submit.submit)

tasks_app = typer.Typer(help="Look at tasks, wait for them.", cls=Verbs, rich_markup_mode=None)
tasks_app.command("list", cls=Verb)(tasks.list_tasks)
tasks_app.command("get", cls=Verb)(tasks.get)
tasks_app.command("wait", cls=Verb)(tasks.wait)
app.add_typer(tasks_app, name="tasks")

queues_app = typer.Typer(help="Look at queues, empty them.", cls=Verbs, rich_markup_mode=None)
queues_app.command("status", cls=Verb)(queues.status)
queues_app.command("purge", cls=Verb)(queues.purge)
app.add_typer(queues_app, name="queues")


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
    try:
        code = typer.main.get_command(app).main(list(arguments), "mog", standalone_mode=False, obj=settings)
        output.finish()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where errors become exit codes
        return errors.report(error, verbose=settings.verbose)
    return int(code or 0)


def main() -> None:
    """Run the command with the process's arguments and exit."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
