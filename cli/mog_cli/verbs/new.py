"""`mog new`: a project that runs, from a template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mog_cli import output
from mog_cli.completion import template_names
from mog_cli.options import Verbose


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The project's name, such as image-service.")],
    template: Annotated[
        str, typer.Option(metavar="TEMPLATE", help="Which scaffold.", autocompletion=template_names)
    ] = "minimal",
    here: Annotated[bool, typer.Option("--here", help="Write into this directory, which must be empty.")] = False,
    git: Annotated[bool, typer.Option("--git/--no-git", help="Make it a git repository.")] = True,
    _verbose: Verbose = False,
) -> None:
    """Scaffold a project that runs at once, with tests and settings."""
    import mog_templates
    from mog_cli.errors import CommandError
    from mog_cli.project_name import package_name
    from mog_cli.scaffold import scaffold

    package = package_name(name)
    try:
        folder = mog_templates.root(template)
    except mog_templates.UnknownTemplate as error:
        raise CommandError(str(error)) from None
    target = Path.cwd() if here else Path.cwd() / name
    initialised = scaffold(folder, target, answers(name, package), git=git)
    made = output.styled("created", "green")
    output.note(f"{made} {name} in {target}{', a git repository' if initialised else ''}")
    steps = ["mog run", "mog lint"] if here else [f"cd {name}", "mog run", "mog lint"]
    output.note("\n".join(["\nnext:", *(f"  {step}" for step in steps), "\nREADME.md says more"]))


def answers(name: str, package: str) -> dict[str, str]:
    """Return the variables of every template."""
    from datetime import date
    from importlib.metadata import metadata

    mogkit = metadata("mogkit")
    return {
        "name": name,
        "package": package,
        "mog_version": mogkit["Version"],
        "python_version": mogkit["Requires-Python"].removeprefix(">="),
        "year": str(date.today().year),
    }
