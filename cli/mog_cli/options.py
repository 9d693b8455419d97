"""Options and arguments that several verbs share, written once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer


@dataclass
class Settings:
    """What holds for the whole command, whichever verb it runs."""

    verbose: bool = False


def set_verbose(context: typer.Context, value: bool) -> None:
    """Keep -v where the report of errors finds it, whether it stands before or after the verb."""
    settings = context.find_root().obj
    if value and isinstance(settings, Settings):
        settings.verbose = True


def is_verbose(context: typer.Context) -> bool:
    """Say whether -v was given, before or after the verb."""
    settings = context.find_root().obj
    return isinstance(settings, Settings) and settings.verbose


Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Show tracebacks.", callback=set_verbose, is_eager=True, expose_value=False
    ),
]  # fmt: skip

AppOption = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="MODULE[:NAME]",
        help="The app; else MOG_APP, `app` in [tool.mog], or the one App of the project.",
    ),
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
