"""What passes between the contracts and those who use them. Times are POSIX seconds (float), lengths seconds.

What nobody changes is a named tuple: it is made in half the time of a dataclass, and its class, at each start of a
process, in a quarter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from mog.states import ResultState


class Message(NamedTuple):
    """A task's way through a queue.

    ``body`` is the request as UTF-8 JSON, opaque to engines. ``priority`` is 0 to 10, higher first. A message with a
    ``due`` time is delivered then or later, never before.
    """

    id: UUID
    queue: str
    priority: int
    body: bytes
    due: float | None = None


@dataclass(slots=True)
class Record:
    """A result without its value: what is known of a task at one moment.

    ``number_of_starts`` is also the *attempt*: it grows with each delivery that is admitted, and fences what an
    earlier attempt still wants to write. ``due`` is when a waiting task may start, None for at once. ``expires`` is
    when the store forgets the result.
    """

    id: UUID
    name: str | None = None
    state: ResultState = ResultState.PENDING
    number_of_starts: int = 0
    number_of_stops: int = 0
    parent_id: UUID | None = None
    created: float | None = None
    started: float | None = None
    finished: float | None = None
    node_id: str | None = None
    request_kwargs_repr: str | None = None
    queue: str | None = None
    priority: int = 5
    due: float | None = None
    expires: float | None = None
    number_of_retries: int = 0


class NewTask(NamedTuple):
    """A task to be stored as PENDING together with its message; ``ttl`` counts from its end, or its due time."""

    record: Record
    message: Message
    ttl: float
    metadata: Mapping[str, bytes] = MappingProxyType({})


class StoredValue(NamedTuple):
    """A task's value or error: ``content`` is JSON text of ``{"value_type": …, "raw_value": …}``, perhaps encoded.

    ``encoding`` is None or ``"gzip"``. The form is Mognet's.
    """

    content: bytes
    encoding: str | None = None


class Delivery(NamedTuple):
    """A message handed to this process, which now owns its task until it settles, requeues or hands it back.

    ``attempt`` is the record's ``number_of_starts`` with this start counted. ``crashes`` is how often a worker died
    with the task before, ``retries`` how often it was put back to be retried. ``receipt`` is the broker's own.
    """

    message: Message
    attempt: int
    crashes: int
    created: float
    parent_id: UUID | None = None
    receipt: object = None
    retries: int = 0


class Outcome(NamedTuple):
    """The end of an attempt: a terminal state, its value or error, and how long the store keeps them.

    ``dead`` is why the message is to be kept among the dead letters, None where it is not.
    """

    id: UUID
    attempt: int
    state: ResultState
    value: StoredValue
    ttl: float
    value_ttl: float
    dead: str | None = None


class Waiting(NamedTuple):
    """Tells that a running attempt begins (SUSPENDED) or ceases (RUNNING) to wait for other tasks; counts nothing."""

    id: UUID
    attempt: int
    waits: bool


class Revocation(NamedTuple):
    """Calls a task off, with the error that its result gets. ``force`` also turns a done task REVOKED.

    An unknown id is remembered as REVOKED, so that a request with it that comes later does not run. With another
    terminal ``state`` the task ends in that, and ``value`` is its value or error: for one whose end is known elsewhere.
    """

    id: UUID
    value: StoredValue
    ttl: float
    value_ttl: float
    force: bool = False
    state: ResultState = ResultState.REVOKED


class Unparked(NamedTuple):
    """How many tasks of each queue were published, and how many stay in the store because processes hold them."""

    published: dict[str, int]
    held: int


class DeadLetter(NamedTuple):
    """A message that no worker could bring to a good end, kept until somebody replays or drops it."""

    id: UUID
    name: str | None
    queue: str
    reason: str
    buried: float
    body: bytes


class DeadQuery(NamedTuple):
    """Which dead letters to list, newest first; ``before`` is the id of the last one of the page before."""

    ids: tuple[UUID, ...] = ()
    queue: str | None = None
    reason: str | None = None
    limit: int = 50
    before: UUID | None = None


class Node(NamedTuple):
    """A process that consumes, and the tasks that it runs."""

    node_id: str
    running: tuple[UUID, ...] = ()


class Requeue(NamedTuple):
    """Puts a running task back.

    SUSPENDED counts as a stop and keeps the attempt counted; with ``retry`` it counts as a retry too. ``refund`` takes
    the start back as if the delivery had never been made and restores PENDING or SUSPENDED, whichever it was: for work
    handed back before it began.
    """

    id: UUID
    attempt: int
    due: float | None = None
    refund: bool = False
    retry: bool = False


class Query(NamedTuple):
    """Which records to list, newest first. ``before`` is the id of the last record of the page before."""

    states: frozenset[ResultState] = frozenset()
    name: str | None = None
    queue: str | None = None
    limit: int = 50
    before: UUID | None = None


class QueueDepth(NamedTuple):
    """How full a queue is: ``ready`` to start, ``delayed`` until their due time, ``running`` on some worker."""

    name: str
    ready: int = 0
    delayed: int = 0
    running: int = 0
