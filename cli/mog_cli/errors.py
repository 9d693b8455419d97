"""How a command ends: the exit codes, and the one place that turns an exception into a line and a code.

0    done
1    the task failed; the linter has findings; the answer to "do it?" was no
2    wrong use: arguments, settings, an app that cannot be imported; or a fault of mog itself, which is never a 1
3    not finished in time, or revoked
4    the broker or a store is out of reach or cannot be used
130  stopped by Ctrl-C
141  who read the output has gone (``mog tasks list | head``), as with any program that SIGPIPE ends
"""

from __future__ import annotations

import sys
import traceback
from enum import IntEnum

import typer

from mog_cli import output

TYPER_ERROR = typer.BadParameter.__mro__[2]  # the root of what typer says of a command line; it does not export it


class ExitCode(IntEnum):
    """What the shell is told; the module's head says when."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    UNFINISHED = 3
    OUT_OF_REACH = 4
    INTERRUPTED = 130
    READER_GONE = 141


class CommandError(Exception):
    """Ends the command with one line, a hint of what to do, and perhaps lines of detail before them."""

    def __init__(self, message: str, *, hint: str = "", detail: str = "", code: ExitCode = ExitCode.WRONG_USE) -> None:
        super().__init__(message)
        self.message, self.hint, self.detail, self.code = message, hint, detail, code


def report(error: BaseException, *, verbose: bool) -> ExitCode:
    """Tell the user what went wrong, on stderr, and return the exit code."""
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return ExitCode.INTERRUPTED
    if isinstance(error, output.ReaderGone):
        output.silence()
        return ExitCode.READER_GONE
    known = explain(error)
    behind = error.__cause__ if isinstance(error, CommandError) else error
    if verbose and behind is not None and not isinstance(error, TYPER_ERROR):
        output.note("".join(traceback.format_exception(behind)).rstrip())
    elif known.detail:
        output.note(known.detail)
    output.error(known.message, known.hint)
    return known.code


def explain(error: BaseException) -> CommandError:
    """Translate any exception into a line, a hint and a code."""
    if isinstance(error, CommandError):
        return error
    if isinstance(error, TYPER_ERROR):
        return explain_usage(error)
    # A class of a library can only have been raised by a library that is imported; importing it here costs time.
    if (errors := sys.modules.get("mog.errors")) and isinstance(error, errors.MogError):
        refused = isinstance(error, errors.CouldNotSubmit) and not isinstance(error, errors.AlreadySubmitted)
        unreachable = refused or isinstance(error, errors.EngineError)
        return CommandError(one_line(error), code=ExitCode.OUT_OF_REACH if unreachable else ExitCode.WRONG_USE)
    if (errors := sys.modules.get("mog_lint.errors")) and isinstance(error, errors.LintError):
        return CommandError(one_line(error))
    if isinstance(error, OSError) and error.filename is not None:
        return CommandError(f"{error.filename}: {error.strerror}")
    return CommandError(
        f"this is a bug in mog: {type(error).__name__}: {one_line(error)}", hint="run again with -v for the traceback"
    )


def explain_usage(error: BaseException) -> CommandError:
    """Translate what typer says of a command line."""
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    hint = f"see {context.command_path} --help" if context else ""
    return CommandError(one_line(message[:1].lower() + message[1:].rstrip(".")), hint=hint)


def one_line(text: object) -> str:
    """Return the text with line breaks and runs of white space made single spaces."""
    return " ".join(str(text).split())
