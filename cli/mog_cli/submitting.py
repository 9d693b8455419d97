"""Submits many requests, read from lines, and waits for them all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from mog_cli import output
from mog_cli.confirming import counted
from mog_cli.counting import counter
from mog_cli.errors import CommandError, ExitCode, explain, one_line
from mog_cli.line_sources import BATCH, batches, is_stream, lines_of
from mog_cli.request_lines import Line, LineReader
from mog_cli.waiting import wait_for_value

if TYPE_CHECKING:
    from mog import App, Request, Result
    from mog.errors import CouldNotSubmit

SHOWN = 5
"""Errors of tasks that are shown one by one; the rest are counted."""


def check_lines(file: BinaryIO, reader: LineReader) -> int | None:
    """Check all lines and return how many are requests; None for a stream. Raises CommandError for the first wrong."""
    if is_stream(file):
        return None
    found = 0
    with counter("checking") as advance:
        for batch in lines_of(file):
            requests = sum(reader.read(line) is not None for line in batch)
            found += requests
            advance(requests)
    reader.forget_ids()
    return found


class LineSender:
    """Sends the requests of lines in batches, and prints their ids as they are stored."""

    def __init__(self, app: App, reader: LineReader, *, as_json: bool) -> None:
        self._app, self._reader, self._as_json = app, reader, as_json
        self.sent: list[Result[Any]] = []
        self._known: list[int] = []

    async def send(self, file: BinaryIO, total: int | None) -> None:
        """Send all. Raises CommandError for a wrong line of a stream, behind the lines before it, and if one fails."""
        with counter("submitting", total) as advance:
            async for batch in batches(file):
                requests, wrong = self._read(batch)
                await self._send_batch(requests)
                output.finish()
                advance(len(requests))
                if wrong is not None:
                    raise wrong
        if self._known:
            raise CommandError(
                f"line {self._known[0]}: a request with its id was submitted before; "
                f"so it is with {counted(len(self._known), 'line')} in all, the others are submitted"
            )

    def _read(self, batch: Iterable[Line]) -> tuple[dict[int, Request[Any]], CommandError | None]:
        """Return the requests by their lines' numbers, up to the first wrong line, and what is wrong with that."""
        requests = {}
        try:
            for line in batch:
                if (request := self._reader.read(line)) is not None:
                    requests[line[0]] = request
        except CommandError as error:
            return requests, CommandError(error.message, hint="the lines before it are submitted")
        return requests, None

    async def _send_batch(self, requests: dict[int, Request[Any]]) -> None:
        """Send a batch as a whole: Ctrl-C takes effect behind it, so that no id is stored and not printed."""
        from mog.errors import CouldNotSubmit

        sending = asyncio.ensure_future(self._app.submit_many(requests.values()))
        try:
            self._told(await asyncio.shield(sending))
        except CouldNotSubmit as error:
            await self._told_of_some(requests, error)
        except asyncio.CancelledError:
            self._told(await sending)
            output.note(f"\nstopped; {counted(len(self.sent), 'task')} are submitted")
            raise

    async def _told_of_some(self, requests: dict[int, Request[Any]], error: CouldNotSubmit) -> None:
        """Print the ids that were stored. Raises CommandError unless the others were known before."""
        from mog.errors import AlreadySubmitted

        stored = [request.id for request in requests.values() if request.id not in error.failed]
        self._told(await self._app.results(stored))
        for number, request in requests.items():
            failure = error.failed.get(request.id)
            if isinstance(failure, AlreadySubmitted):
                self._known.append(number)
            elif failure is not None:
                hint = f"{counted(len(self.sent), 'task')} are submitted"
                raise CommandError(f"line {number}: {one_line(failure)}", hint=hint, code=explain(failure).code)

    def _told(self, results: Iterable[Result[Any]]) -> None:
        for result in results:
            self.sent.append(result)
            output.data(id_text(result, as_json=self._as_json))


def id_text(result: Result[Any], *, as_json: bool) -> str:
    """Write what stands on stdout for a task that is submitted."""
    if not as_json:
        return str(result.id)
    return json.dumps({"id": str(result.id), "name": result.name, "queue": result.queue})


async def wait_for_all(app: App, results: Sequence[Result[Any]], timeout: float | None) -> ExitCode:
    """Wait for tasks, tell of those that did not succeed, and return the worst: a failure before what is unfinished."""
    try:
        async with asyncio.timeout(timeout):
            await wait_quietly(results)
    except TimeoutError:
        results = await app.results([result.id for result in results])
    except asyncio.CancelledError:
        output.note("\nstopped waiting; the tasks go on: mog tasks list")
        raise
    failed = [result for result in results if result.failed]
    for result in failed[:SHOWN]:
        try:
            await wait_for_value(app, result, None)
        except CommandError as error:
            output.error(error.message)
    unfinished = sum(not result.done for result in results)
    if failed or unfinished:
        counts = {"failed": len(failed), "not finished": unfinished}
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        output.error(f"of {counted(len(results), 'task')} {told}", "see mog tasks list")
    if any(not result.revoked for result in failed):
        return ExitCode.FAILED
    return ExitCode.UNFINISHED if failed or unfinished else ExitCode.DONE


async def wait_quietly(results: Sequence[Result[Any]]) -> None:
    """Wait until all are done, while a bar counts them."""
    with counter("waiting", len(results)) as advance:

        async def wait(result: Result[Any]) -> None:
            await result.wait()
            advance(1)

        for start in range(0, len(results), BATCH):
            await asyncio.gather(*map(wait, results[start : start + BATCH]))


async def submit_lines(
    app: App,
    reader: LineReader,
    file: BinaryIO,
    *,
    total: int | None,
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> ExitCode:
    """Send the requests of all lines and, with ``wait``, wait for them."""
    sender = LineSender(app, reader, as_json=as_json)
    await sender.send(file, total)
    return await wait_for_all(app, sender.sent, timeout) if wait else ExitCode.DONE
