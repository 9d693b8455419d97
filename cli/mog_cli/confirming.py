"""Asks before something is done that cannot be undone."""

from __future__ import annotations

import sys

import typer

from mog_cli import output
from mog_cli.errors import CommandError, ExitCode


def confirm(deed: str) -> None:
    """Ask whether the deed, such as ``drop 2 dead letters``, is meant.

    Raises CommandError for no, and where nobody is there to be asked.
    """
    if not (output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)):
        raise CommandError(f"this would {deed}", hint="add --yes if that is meant")
    if not typer.confirm(f"{deed[:1].upper()}{deed[1:]}?", err=True):
        raise CommandError("nothing was done", code=ExitCode.FAILED)


def counted(number: int, noun: str) -> str:
    """Write a number of things: 1 task, 2 tasks."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
