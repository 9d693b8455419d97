"""Result: what became of a submitted task."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar
from uuid import UUID

from mog.children import ResultChildren, ResultTree, build_tree, descendants
from mog.engine.records import Record, StoredValue
from mog.errors import ResultLost, ResultNotReady, ResultValueLost, Revoked
from mog.progress import Progress
from mog.remote_errors import RemoteError
from mog.revoking import end
from mog.states import ERROR_STATES, SUCCESS_STATES, TERMINAL_STATES, ResultState
from mog.values import decode

if TYPE_CHECKING:
    from mog.app import App
    from mog.mognet.results import ResultValue

R = TypeVar("R")


class Result(Generic[R]):
    """A task as it was when last looked at: at submit, or at the last ``wait`` or ``refresh``.

    ``await result`` waits for the end and returns the task's value, or raises its error. All methods that read or
    write the store may raise EngineUnavailable, and ResultLost once the store has forgotten the id.
    """

    __slots__ = ("__weakref__", "_app", "_record")

    def __init__(self, app: App, record: Record) -> None:
        self._app = app
        self._record = record

    @property
    def id(self) -> UUID:
        """The request's id."""
        return self._record.id

    @property
    def name(self) -> str | None:
        """The task's name."""
        return self._record.name

    @property
    def state(self) -> ResultState:
        """The state when last looked at."""
        return self._record.state

    @property
    def number_of_starts(self) -> int:
        """How often a worker began the task."""
        return self._record.number_of_starts

    @property
    def number_of_stops(self) -> int:
        """How often it ended or was put back in good order; a start without a stop is a crash, or still runs."""
        return self._record.number_of_stops

    @property
    def number_of_retries(self) -> int:
        """How often it was put back to be retried, crashes not counted."""
        return self._record.number_of_retries

    @property
    def parent_id(self) -> UUID | None:
        """The id of the task that submitted this one."""
        return self._record.parent_id

    @property
    def node_id(self) -> str | None:
        """The node of the last start."""
        return self._record.node_id

    @property
    def request_kwargs_repr(self) -> str | None:
        """The arguments in short, for people."""
        return self._record.request_kwargs_repr

    @property
    def queue(self) -> str | None:
        """The queue's name, without the app's."""
        return None if self._record.queue is None else self._app.queues.short_name(self._record.queue)

    @property
    def priority(self) -> int:
        """0 to 10, higher first."""
        return self._record.priority

    @property
    def created(self) -> datetime | None:
        """When it was submitted."""
        return _moment(self._record.created)

    @property
    def started(self) -> datetime | None:
        """When the last start was."""
        return _moment(self._record.started)

    @property
    def finished(self) -> datetime | None:
        """When it reached a terminal state."""
        return _moment(self._record.finished)

    @property
    def due(self) -> datetime | None:
        """Before when it does not start, for a delayed or paused task."""
        return _moment(self._record.due)

    @property
    def done(self) -> bool:
        """Whether the state is terminal."""
        return self.state in TERMINAL_STATES

    @property
    def successful(self) -> bool:
        """Whether the task returned a value."""
        return self.state in SUCCESS_STATES

    @property
    def failed(self) -> bool:
        """Whether it ended without one."""
        return self.state in ERROR_STATES

    @property
    def revoked(self) -> bool:
        """Whether it was called off, or its deadline passed."""
        return self.state is ResultState.REVOKED

    @property
    def duration(self) -> timedelta | None:
        """From its last start to its end."""
        return _between(self._record.started, self._record.finished)

    @property
    def queue_time(self) -> timedelta | None:
        """From submit to its last start."""
        return _between(self._record.created, self._record.started)

    @property
    def unexpected_retry_count(self) -> int:
        """How often a worker died with it (a run that goes on counts as well, as in Mognet)."""
        return max(0, self.number_of_starts - self.number_of_stops)

    async def wait(self, *, timeout: float | None = None, poll: float | None = None) -> None:  # noqa: ARG002 - Mognet's
        """Wait until the task is done. Raises TimeoutError after ``timeout`` seconds; the task is not touched.

        ``poll`` is how often Mognet asks, and means nothing here: who waits is told.
        """
        if not self.done:
            with self._named_timeout(timeout):
                self._record = await self._app.port().wait(self.id, timeout)

    async def get(self) -> R:
        """Return the value of a done task, or raise what it failed with.

        Raises ResultNotReady, ResultValueLost, Revoked, TooManyRetries, InvalidTaskArguments, UnknownTask; the task's
        own exception where this process knows its class, else TaskFailed.
        """
        self._assert_done()
        return self._decode(await self._app.port().call("results.get_values", self.id))

    def wait_blocking(self, *, timeout: float | None = None) -> None:
        """Like ``wait``, for threads without a loop."""
        if not self.done:
            with self._named_timeout(timeout):
                self._record = self._app.port().wait_blocking(self.id, timeout)

    def get_blocking(self, *, timeout: float | None = None) -> R:
        """Wait, and return the value or raise the error, for threads without a loop: Django, scripts, ``def`` tasks."""
        self.wait_blocking(timeout=timeout)
        return self._decode(self._app.port().call_blocking("results.get_values", self.id))

    @property
    def value(self) -> ResultValue:
        """The value as Mognet has it, to be looked at without raising what the task failed with."""
        from mog.mognet.results import ResultValue  # noqa: PLC0415 - only Mognet's programs need it

        return ResultValue(self._app, self)

    async def refresh(self) -> None:
        """Look at the store again."""
        record = await self._app.port().call("results.get", self.id)
        if record is None:
            raise ResultLost(self.id)
        self._record = record

    async def get_metadata(self) -> dict[str, Any]:
        """Return the metadata: what the request bore and what the task has set."""
        return await self._app.get_metadata(self.id)

    async def set_metadata(self, **values: Any) -> None:
        """Merge JSON values into the metadata."""
        await self._app.set_metadata(self.id, values)

    async def progress(self) -> Progress | None:
        """Return how far the task says it is, None if it has said nothing."""
        return Progress.from_metadata(await self.get_metadata())

    @property
    def children(self) -> ResultChildren:
        """The tasks that this one has submitted."""
        return ResultChildren(self._app, self.id)

    async def tree(self, max_depth: int = 3, max_width: int = 500) -> ResultTree:
        """Return this result with its children and theirs, down to ``max_depth`` levels, this one included."""
        return await build_tree(self, max_depth=max_depth, max_width=max_width)

    async def revoke(self, *, force: bool = False) -> Self:
        """Call the task off, and all that was submitted on its behalf; see :meth:`App.revoke`."""
        await self._app.revoke(self.id, force=force)
        await self.refresh()
        return self

    async def set_result(self, value: Any, state: ResultState = ResultState.SUCCESS) -> Self:
        """End a task whose value is known elsewhere than in a worker; an exception is an error.

        What waits never starts, what runs is cancelled, and a done task stays as it is. An id that is not known yet is
        remembered. Raises InvalidReturnValue and PayloadTooLarge.
        """
        self._record = await end(self._app, self.id, value, state)
        return self

    async def set_error(self, exc: BaseException, state: ResultState = ResultState.FAILURE) -> Self:
        """End a task whose error is known elsewhere than in a worker; see :meth:`set_result`."""
        return await self.set_result(exc, state)

    async def set_ttl(self, ttl: timedelta, include_children: bool = True) -> None:
        """Let the store forget the result ``ttl`` from now, or from its end if that comes later.

        With ``include_children`` those of all that was submitted on its behalf, too.
        """
        below = await descendants(self._app, self.id) if include_children else []
        call = self._app.port().call
        if not await call("results.set_ttl", (self.id, ttl.total_seconds())):
            raise ResultLost(self.id)
        await asyncio.gather(*(call("results.set_ttl", (one, ttl.total_seconds())) for one in below))

    async def delete(self, include_children: bool = True) -> None:
        """Forget the result at once. Raises ResultNotReady for a task that is not done.

        With ``include_children`` so are those of all that was submitted on its behalf, save of what is not done.
        """
        below = await descendants(self._app, self.id) if include_children else []
        call = self._app.port().call
        if not await call("results.delete", self.id):
            await self.refresh()
            raise ResultNotReady(f"task {self.id} is {self.state}; a result can be deleted once the task is done")
        await asyncio.gather(*(call("results.delete", one) for one in below))

    def __await__(self) -> Generator[Any, None, R]:
        return (yield from self._wait_and_get().__await__())

    async def _wait_and_get(self) -> R:
        if self.done:
            return await self.get()
        self._record, value = await self._app.port().wait_value(self.id)
        return self._decode(value)

    def __repr__(self) -> str:
        arguments = f"({self.request_kwargs_repr})" if self.request_kwargs_repr is not None else ""
        return f"<Result {self.name}{arguments} {self.id} {self.state}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    @contextmanager
    def _named_timeout(self, timeout: float | None) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise TimeoutError(f"task {self.name!r} ({self.id}) was not done within {timeout:g} s") from None

    def _assert_done(self) -> None:
        if not self.done:
            raise ResultNotReady

    def _decode(self, stored: StoredValue | None) -> R:
        outcome = self.interpret(stored)
        if isinstance(outcome, Exception):
            raise outcome
        value: R = outcome
        return value

    def interpret(self, stored: StoredValue | None) -> Any:
        """Return what is stored of the outcome as a value, or as the exception with which the task failed.

        Raises ResultValueLost.
        """
        known = self._app.known_types
        value: Any = None if stored is None else decode(stored, known)
        if self.revoked:
            return Revoked(self, value.message if isinstance(value, RemoteError) else "")
        if stored is None:
            raise ResultValueLost(self.id)
        return value.rebuild(self, known) if isinstance(value, RemoteError) else value


def _moment(timestamp: float | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)


def _between(start: float | None, end: float | None) -> timedelta | None:
    return None if start is None or end is None else timedelta(seconds=end - start)
