"""Waits for a task while its progress is shown, and tells how it ended."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from mog_cli import output
from mog_cli.errors import CommandError, ExitCode, one_line

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from mog import App, Result

INTERVAL = 0.2
"""Seconds between two looks at a task's progress; the task reports at most every 0.1."""


async def wait_for_value(app: App, result: Result[Any], timeout: float | None) -> Any:
    """Wait until the task is done and return its value.

    Raises CommandError: FAILED with the task's error; UNFINISHED when it is revoked, or not done in time.
    """
    try:
        await follow(app, result, timeout)
    except TimeoutError:
        await result.refresh()
        raise not_finished(result, timeout) from None
    except asyncio.CancelledError:
        output.note(f"\nstopped waiting; {title(result)} goes on: mog tasks get {result.id}")
        raise
    try:
        return await result.get()
    except Exception as error:
        if result.successful:
            raise
        raise unsuccessful(result, error) from error


async def follow(app: App, result: Result[Any], timeout: float | None) -> None:
    """Wait for the end; on a terminal, show how far a task is that is not quick. Raises TimeoutError."""
    waiting = asyncio.ensure_future(result.wait(timeout=timeout))
    try:
        quick, _ = await asyncio.wait({waiting}, timeout=INTERVAL)
        if not quick and output.is_terminal(sys.stderr):
            with progress_bars() as bars:
                bar = bars.add_task(str(result.name), total=None)
                while not (await asyncio.wait({waiting}, timeout=INTERVAL))[0]:
                    await show_progress(await app.result(result.id), bars, bar)
        await waiting
    finally:
        waiting.cancel()


def progress_bars() -> Bars:
    """Make the display: one line, gone when the task is done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    text = TextColumn("{task.description}", markup=False)
    return Progress(
        SpinnerColumn(), text, BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )


async def show_progress(result: Result[Any], bars: Bars, bar: TaskID) -> None:
    """Bring the display up to date."""
    progress = await result.progress()
    if progress is None:
        waits = "waits for a worker (mog run)" if result.state == "PENDING" else result.state.lower()
        bars.update(bar, description=f"{result.name}: {waits}")
        return
    count = f"{progress.done:g}" if progress.total is None else f"{progress.done:g}/{progress.total:g}"
    description = " ".join(filter(None, (f"{result.name}:", count, progress.message)))
    bars.update(bar, description=description, completed=progress.done, total=progress.total)


def not_finished(result: Result[Any], timeout: float | None) -> CommandError:
    """Return the error for a task that takes longer than the user waits."""
    waits = result.state == "PENDING"
    return CommandError(
        f"{title(result)} is not finished after {timeout:g} s but {result.state}; it is not called off",
        hint=f"{'is a worker running (mog run)? ' if waits else ''}wait on with: mog tasks wait {result.id}",
        code=ExitCode.UNFINISHED,
    )


def unsuccessful(result: Result[Any], error: Exception) -> CommandError:
    """Return the error for a task that ended without a value."""
    from mog.errors import ResultFailed

    code = ExitCode.UNFINISHED if result.revoked else ExitCode.FAILED
    if isinstance(error, ResultFailed):
        return CommandError(one_line(error), code=code)
    end = "was revoked" if result.revoked else f"failed with {type(error).__name__}"
    return CommandError(f"{title(result)} {end}: {one_line(error)}".removesuffix(": "), code=code)


def title(result: Result[Any]) -> str:
    """Name a task for people."""
    return f"task {result.name!r} ({result.id})"
