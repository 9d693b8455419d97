"""Dead letters: what no worker could bring to a good end lies in ``{queue}.dead`` until somebody replays or drops it.

A letter is a message whose body is the request as it was and whose headers tell the rest. A task can come to lie there
twice, if a process dies at the wrong moment; who reads sees it once, and who drops it drops both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from pydantic_core import from_json

from mog.engine.distributed.names import Names
from mog.engine.rabbitmq.messages import Browsed, Parcel
from mog.engine.rabbitmq.transport import Transport
from mog.engine.records import DeadLetter, DeadQuery
from mog.engine.redis.dead_queues import DeadQueues
from mog.errors import EngineError, MogError

UNREADABLE, UNKNOWN = "unreadable", "result-missing"
"""The engine's own reasons: what is no request, and a task of which the store knows nothing."""

READ_AT_MOST = 100_000
"""Letters of one queue that are looked at."""

REASON, BURIED, QUEUE = "mog-reason", "mog-buried", "mog-queue"
"""Headers of a letter: why, when (POSIX seconds, as text: AMQP's own numbers are too coarse here), and in which queue
(its full name) it was."""


class Letter(NamedTuple):
    """What is to become a dead letter; ``queue`` is the full name of the one where it was."""

    id: UUID
    queue: str
    reason: str
    body: bytes


class DeadLetters:
    """The dead letters of one app."""

    def __init__(self, transport: Transport, queues: DeadQueues, names: Names, clock: Callable[[], float]) -> None:
        self._transport, self._queues, self._names, self._clock = transport, queues, names, clock
        self._under_way: set[asyncio.Future[None]] = set()

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Let whoever looks for letters wait until the block is left: they are about to come."""
        coming: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way.add(coming)
        try:
            yield
        finally:
            self._under_way.discard(coming)
            coming.set_result(None)

    async def bury(self, letters: Sequence[Letter]) -> list[MogError | None]:
        """Put letters into their queues; never raises. None for what is there now."""
        if not letters:
            return []
        try:
            queues = {letter.queue for letter in letters}
            await self._transport.declare([self._names.dead(queue) for queue in queues])
            await self._queues.add(queues)
            return await self._transport.publish([self._parcel(letter) for letter in letters])
        except EngineError as error:
            return [error] * len(letters)

    async def find(self, query: DeadQuery) -> list[DeadLetter]:
        """See :meth:`Broker.dead`."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        queues = [query.queue] if query.queue is not None else await self._queues.all()
        found = await asyncio.gather(*(self._read(queue) for queue in queues))
        oldest_first = sorted((letter for of_one in found for letter in of_one), key=_buried)
        newest_first = oldest_first[::-1]
        by_id = {letter.id: letter for letter in reversed(newest_first)}  # of one that is there twice, the first
        listed = [letter for letter in newest_first if by_id[letter.id] is letter]
        fitting = [letter for letter in _behind(listed, query.before) if _fits(letter, query)]
        return fitting[: query.limit]

    async def drop(self, ids: Sequence[UUID]) -> list[bool]:
        """See :meth:`Broker.drop_dead`."""
        queues = await self._queues.all()
        names = [str(id_) for id_ in ids]
        taken = await asyncio.gather(*(self._transport.take_out(self._names.dead(queue), names) for queue in queues))
        return [any(of_one[at] for of_one in taken) for at in range(len(ids))]

    def _parcel(self, letter: Letter) -> Parcel:
        headers = {REASON: letter.reason, BURIED: repr(self._clock()), QUEUE: letter.queue}
        return Parcel(self._names.dead(letter.queue), letter.body, 0, str(letter.id), headers)

    async def _read(self, queue: str) -> list[DeadLetter]:
        browsed = await self._transport.browse(self._names.dead(queue), READ_AT_MOST)
        return [_letter(message, queue) for message in browsed]


def name_unreadable(content: bytes) -> UUID:
    """Return an id for a message that has none that can be read: always the same one."""
    return UUID(bytes=blake2b(content, digest_size=16).digest())


def _letter(message: Browsed, queue: str) -> DeadLetter:
    headers = message.headers
    return DeadLetter(
        id=_id(message),
        name=_task_name(message.body),
        queue=queue,
        reason=str(headers.get(REASON, "unknown")),
        buried=_time(headers.get(BURIED)),
        body=message.body,
    )


def _time(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:  # put there by others
        return 0.0


def _id(message: Browsed) -> UUID:
    try:
        return UUID(message.message_id)
    except ValueError:  # put there by others
        return name_unreadable(message.body)


def _task_name(body: bytes) -> str | None:
    try:
        name = from_json(body)["name"]
    except (ValueError, TypeError, LookupError):
        return None
    return name if isinstance(name, str) else None


def _buried(letter: DeadLetter) -> float:
    return letter.buried


def _behind(letters: Iterable[DeadLetter], before: UUID | None) -> list[DeadLetter]:
    """Return what comes behind a letter; nothing where it is not there."""
    listed = list(letters)
    if before is None:
        return listed
    place = next((at for at, letter in enumerate(listed) if letter.id == before), len(listed))
    return listed[place + 1 :]


def _fits(letter: DeadLetter, query: DeadQuery) -> bool:
    return (not query.ids or letter.id in query.ids) and query.reason in (None, letter.reason)
