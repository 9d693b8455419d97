"""One engine's place in Redis, by noun. What follows holds for all methods of all its parts.

Methods that take a sequence are batched: one round trip for all, an answer each, in order. Each item's change is
atomic. What goes wrong with one item is its answer, a MogError; EngineUnavailable, StoreUnusable and NotConnected are
raised for the whole. A call whose connection is lost under way is repeated once, and knows of its first try; the caller
may repeat it further.

``owner`` is one life of one process: unique, even if a node's name is used again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from mog.engine.contracts import Finished
from mog.engine.records import (
    Message,
    NewTask,
    Node,
    Outcome,
    Query,
    Record,
    Requeue,
    Revocation,
    StoredValue,
)
from mog.engine.records import Waiting as WaitingAttempt
from mog.engine.redis.answers import Admission, Arrival, Lease, Revoked, ServerInfo, Waiting, WakeUp
from mog.engine.redis.settings import RedisSettings
from mog.errors import MogError


class RedisStore:
    """Connection, scripts and parts; opened and closed as one.

    ``clock`` is for tests: it replaces Redis's for all that users see (not for leases, nor for what is on its way to
    RabbitMQ). An engine's owner is made here; ``node_id`` is its name in records.
    """

    owner: str
    submissions: Submissions
    attempts: Attempts
    schedule: Schedule
    leases: Leases
    records: Records
    watches: Watches

    def __init__(
        self, settings: RedisSettings, app: str, *, node_id: str, clock: Callable[[], float] | None = None
    ) -> None:
        raise NotImplementedError

    async def open(self) -> ServerInfo:
        """Connect. Raises EngineUnavailable, StoreUnusable. May be repeated."""
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of the connections. Never raises; may be repeated."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Let go of the sockets at once and without a word, see :meth:`Broker.abandon`."""
        raise NotImplementedError


class Submissions:
    """Tasks on their way in, and messages on their way to RabbitMQ."""

    async def create(self, tasks: Sequence[NewTask]) -> list[MogError | None]:
        """Store tasks as PENDING: record, metadata, link to the parent, body.

        A task that is due now is put into the outbox, with seq 0: publish it. One that is due later waits in the
        store. Answers AlreadySubmitted for a known id.
        """
        raise NotImplementedError

    async def sent(self, messages: Sequence[tuple[UUID, int]]) -> list[bool]:
        """Take messages (id, seq) that RabbitMQ has confirmed out of the outbox; False where a newer one counts."""
        raise NotImplementedError

    async def not_sent(self, ids: Sequence[UUID], value: StoredValue) -> list[bool]:
        """Revoke tasks that never started, because their messages could not be published.

        False for one that has started, or has ended, or is gone: it was published after all.
        """
        raise NotImplementedError

    async def unsent(self, older_than: float = 10.0, limit: int = 100) -> list[WakeUp]:
        """Return messages that were to be published so many seconds ago, and were not, or nobody said so.

        They stay in the outbox, as of now; what no longer needs a message is taken out.
        """
        raise NotImplementedError


class Attempts:
    """From an arrival to the end of the attempt."""

    async def admit(self, arrivals: Sequence[Arrival], *, again: bool = False) -> list[Admission]:
        """Decide on arrivals, and start those that may.

        ``again`` if an earlier call for these raised: what it did start is answered as started, once more. Without it,
        a task that this very process runs is parked as any running one, so that two messages start it once.
        """
        raise NotImplementedError

    async def settle(self, outcomes: Sequence[Outcome]) -> list[bool]:
        """See :meth:`ResultBackend.settle`; whoever waits is told.

        With ``dead`` the task stays in the outbox until :meth:`buried`: if nobody buries it, unsent() brings it up,
        and admit() says DONE, with the reason.
        """
        raise NotImplementedError

    async def buried(self, ids: Sequence[UUID]) -> list[None]:
        """Note that these have become dead letters."""
        raise NotImplementedError

    async def requeue(self, requeues: Sequence[Requeue]) -> list[WakeUp | bool]:
        """See :meth:`ResultBackend.requeue`. False where the attempt is no longer the task's.

        True: it waits in the store until it is due. A WakeUp: it is due now; it is in the outbox, publish it.
        """
        raise NotImplementedError

    async def set_waiting(self, changes: Sequence[WaitingAttempt]) -> list[bool]:
        """See :meth:`ResultBackend.set_waiting`."""
        raise NotImplementedError

    async def hand_over(self, attempts: Sequence[tuple[UUID, int]]) -> list[bool]:
        """Park running attempts (id, attempt) of this process: from now on no message is needed to wake them up.

        For long ones, whose message is acknowledged before RabbitMQ loses patience; and for a message of a task that
        runs here already. False where the attempt is no longer the task's.
        """
        raise NotImplementedError

    async def still_ours(self, attempts: Sequence[tuple[UUID, int]]) -> list[bool]:
        """Tell of attempts (id, attempt) of this process which still are their task's: revoked ones are not."""
        raise NotImplementedError


class Schedule:
    """What waits in the store."""

    async def promote(self, limit: int = 100) -> tuple[list[WakeUp], float | None]:
        """Move to the outbox what is due, or parked behind a lease that has ended, and return it to be published.

        Also returns in how many seconds there is more to do; None if nothing waits in the store.
        """
        raise NotImplementedError

    async def counts(self, queues: Sequence[str]) -> list[Waiting]:
        """Count what waits and runs."""
        raise NotImplementedError

    async def purge(self, queues: Sequence[str]) -> list[int]:
        """Revoke all tasks that wait in these queues, here or in RabbitMQ, and return how many there were of each.

        Walks through all known tasks. Those of Mognet that no mog process has run are not known.
        """
        raise NotImplementedError

    async def sweep(self) -> None:
        """Clear up after tasks whose records are gone: a stretch of the index, at most once a second for the fleet."""
        raise NotImplementedError


class Leases:
    """Which processes live. Times by Redis's clock."""

    async def renew(self, seconds: float = 10.0, info: Mapping[str, str] | None = None) -> Lease:
        """Hold this process's lease for so long; ``info`` is what nodes() tells of it, said once."""
        raise NotImplementedError

    async def reclaim(self, attempts: Sequence[tuple[UUID, int]]) -> list[bool]:
        """Count attempts as this process's again, after its lease had run out; False for those that are lost."""
        raise NotImplementedError

    async def running(self) -> list[UUID]:
        """Return the tasks that count as run by this process; of one that it does not run, an answer was lost."""
        raise NotImplementedError

    async def release(self) -> list[WakeUp]:
        """End this process's lease, hand back what it still owns, as stopped, and return it to be published."""
        raise NotImplementedError

    async def void(self) -> list[WakeUp]:
        """Wake up the tasks of processes whose leases have ended, and return them to be published."""
        raise NotImplementedError

    async def nodes(self) -> list[Node]:
        """List the processes that hold a lease, with what they run."""
        raise NotImplementedError


class Records:
    """What is known of tasks; see ResultBackend for all but revoke()."""

    async def revoke(self, revocations: Sequence[Revocation]) -> list[Revoked]:
        """See :meth:`ResultBackend.revoke`; whoever waits is told, whoever runs it is not."""
        raise NotImplementedError

    async def get(self, ids: Sequence[UUID]) -> list[Record | None]:
        """See :meth:`ResultBackend.get`."""
        raise NotImplementedError

    async def get_values(self, ids: Sequence[UUID]) -> list[StoredValue | None]:
        """See :meth:`ResultBackend.get_values`."""
        raise NotImplementedError

    async def get_messages(self, ids: Sequence[UUID]) -> list[Message | None]:
        """See :meth:`ResultBackend.get_messages`."""
        raise NotImplementedError

    async def children(self, parents: Sequence[tuple[UUID, int | None]]) -> list[list[UUID]]:
        """See :meth:`ResultBackend.children`."""
        raise NotImplementedError

    async def find(self, query: Query) -> list[Record]:
        """See :meth:`ResultBackend.find`. Raises ResultLost if ``before`` is unknown."""
        raise NotImplementedError

    async def get_metadata(self, ids: Sequence[UUID]) -> list[dict[str, bytes]]:
        """See :meth:`ResultBackend.get_metadata`."""
        raise NotImplementedError

    async def set_metadata(self, changes: Sequence[tuple[UUID, Mapping[str, bytes]]]) -> list[None]:
        """See :meth:`ResultBackend.set_metadata`."""
        raise NotImplementedError

    async def set_ttl(self, changes: Sequence[tuple[UUID, float]]) -> list[bool]:
        """See :meth:`ResultBackend.set_ttl`."""
        raise NotImplementedError

    async def delete(self, ids: Sequence[UUID]) -> list[bool]:
        """See :meth:`ResultBackend.delete`."""
        raise NotImplementedError


class Watches:
    """The tasks whose ends this process waits for, over one pub/sub connection, made at the first watch()."""

    def on_finished(self, finished: Finished) -> None:
        """See :meth:`ResultBackend.on_finished`."""
        raise NotImplementedError

    async def watch(self, ids: Sequence[UUID]) -> list[Record | None]:
        """See :meth:`ResultBackend.watch`."""
        raise NotImplementedError

    def unwatch(self, ids: Sequence[UUID]) -> None:
        """See :meth:`ResultBackend.unwatch`."""
        raise NotImplementedError
