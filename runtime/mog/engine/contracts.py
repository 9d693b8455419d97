"""The contracts that an engine fulfils: :class:`Broker`, :class:`ResultBackend`, :class:`StateBackend`.

Rules for all three:

- All methods run on one event loop, which lives on a thread that runs no user code (or, for ``memory://``, is the
  caller's own). An engine starts no thread, knows neither app nor worker, and takes the time from its clock.
- Methods that take a sequence are *batched*: they answer one item each, in order. What goes wrong with one item is its
  answer (an instance of MogError) and does not touch its neighbours; what goes wrong with the store as a whole is
  raised. Batches may be large; an engine makes one round trip, or one transaction, of each.
- Raised everywhere: EngineUnavailable (out of reach, locked, full: nothing was done, and the caller may repeat the
  call), StoreUnusable (repeating does not help), NotConnected (before open() or after close()).
- Repeating a call whose answer was lost is safe, save where a method says otherwise.

The three are made for each other: create() also enqueues, settle() and requeue() also let go of the message, and
settle() clears the task's state. Where queues and results lie in one store that is one transaction; where they do not,
the engine sees to it that nothing is lost between the two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from mog.engine.records import (
    DeadLetter,
    DeadQuery,
    Delivery,
    Message,
    NewTask,
    Node,
    Outcome,
    Query,
    QueueDepth,
    Record,
    Requeue,
    Revocation,
    StoredValue,
    Unparked,
    Waiting,
)
from mog.errors import MogError

Deliver = Callable[[Sequence[Delivery]], None]
"""Takes what a consumer hands out; called on the engine's loop, never awaited, must return at once."""

Ended = Callable[[Sequence[UUID]], None]
"""Takes ids of tasks that this process runs and that others have brought to an end; called on the engine's loop."""

Finished = Callable[[Sequence[UUID]], None]
"""Takes ids whose task has reached a terminal state; called on the engine's loop."""


class Consumer(ABC):
    """A running consumption of queues, with credit: it hands out at most as many deliveries as were granted."""

    @abstractmethod
    def grant(self, slots: int) -> None:
        """Allow ``slots`` more deliveries (a negative number takes back credit that is not used up yet)."""

    @abstractmethod
    async def stop(self) -> None:
        """Hand out nothing more from the moment this is called; what was delivered stays owned."""

    @abstractmethod
    async def stopped(self) -> None:
        """Wait until it is stopped. Raises StoreUnusable once the store is found to be unusable for good.

        While the store is merely out of reach this waits on, and consumption goes on by itself later.
        """


class Broker(ABC):
    """Queues of messages.

    Promised: a message that was accepted is delivered to some consumer of its queue at least once; a message whose
    consumer dies is delivered again, within the engine's recovery time, with ``crashes`` one higher; among the ready
    messages of one queue the higher priority comes first. Not promised: order among equal priorities, fairness
    between queues, exactly one delivery.
    """

    @abstractmethod
    async def open(self) -> None:
        """Connect, and create or migrate what is needed. Raises what the module's head lists; may be repeated."""

    @abstractmethod
    async def close(self) -> None:
        """Give back all that is owned and let go of every handle. Never raises; may be repeated."""

    def abandon(self) -> None:  # noqa: B027 - an engine without handles of its own has nothing to do
        """Let go of every handle at once and say nothing to the store, as if the process had died.

        Called in a forked child, whose handles are its parent's and must stay as they are, and where the loop has
        ended without close(); from any thread. Afterwards the engine is not open. May be repeated.
        """

    @abstractmethod
    async def declare(self, queues: Sequence[str]) -> None:
        """Make sure that the queues exist."""

    @abstractmethod
    async def consume(self, queues: Sequence[str], deliver: Deliver, ended: Ended) -> Consumer:
        """Begin to hand out messages of ``queues`` to ``deliver``; nothing comes before credit is granted.

        ``ended`` is told of delivered tasks that were revoked, or otherwise ended elsewhere, within a second while
        the store is in reach; of one task perhaps more than once.

        One consumer a process. While the store is out of reach nothing comes, and consumption goes on by itself when
        it is back.
        """

    @abstractmethod
    async def depth(self, queues: Sequence[str]) -> list[QueueDepth]:
        """Count what the queues hold. A queue that does not exist counts as empty. A snapshot, at once out of date."""

    @abstractmethod
    async def purge(self, queues: Sequence[str]) -> dict[str, int]:
        """Drop what waits in ``queues``, delayed messages too, and return how many of each were dropped.

        Tasks that run are not touched. The dropped tasks become REVOKED.
        """

    async def unpark(self, queues: Sequence[str]) -> Unparked:
        """Put what the store keeps back, of ``queues`` or (none) of all, into its queue as a message, to run at once.

        The messages are such as every release reads, and Mognet; the tasks are from then on as if Mognet had submitted
        them. What runs on a process that lives stays. A task may come up twice where a process dies meanwhile.

        Where queues and store are one, nothing is kept back.
        """
        return Unparked(dict.fromkeys(queues, 0), 0)

    @abstractmethod
    async def dead(self, query: DeadQuery) -> list[DeadLetter]:
        """List dead letters, newest first."""

    @abstractmethod
    async def drop_dead(self, ids: Sequence[UUID]) -> list[bool]:
        """Forget dead letters; False for an id that is not among them."""

    @abstractmethod
    async def nodes(self) -> list[Node]:
        """List the processes that consume just now. One that has died may be listed for the recovery time."""


class ResultBackend(ABC):
    """What is known of tasks: records, values, metadata; and the only judge of which state a task is in.

    Promised: a terminal state is final (save for a forced revoke); of several attempts at one task at most one is
    recorded; each call is atomic for each of its items. Not promised: that a listing is consistent over its pages.

    What a task's way leads through each time may be ``async def`` or a plain function that begins at once and returns
    a future: that spares a turn of the loop.
    """

    @abstractmethod
    async def open(self) -> None:
        """See :meth:`Broker.open`."""

    @abstractmethod
    async def close(self) -> None:
        """See :meth:`Broker.close`."""

    def abandon(self) -> None:  # noqa: B027 - an engine without handles of its own has nothing to do
        """See :meth:`Broker.abandon`."""

    @abstractmethod
    def create(self, tasks: Sequence[NewTask]) -> Awaitable[list[MogError | None]]:
        """Store tasks as PENDING with their metadata, and their messages in their queues.

        An item's answer: AlreadySubmitted for an id that is known; CouldNotSubmit for one whose message no queue took,
        and which is REVOKED now, so that it never starts; EngineUnavailable for one that will be, once the store is in
        reach. After EngineUnavailable nothing of the batch will start.
        """

    @abstractmethod
    def settle(self, outcomes: Sequence[Outcome]) -> Awaitable[list[bool]]:
        """Record how attempts ended; False where the attempt is no longer the task's, or the task is terminal.

        Value, state, stop and time of end are written together; the task's State is dropped. With ``dead`` the
        message goes to the dead letters.
        """

    @abstractmethod
    def requeue(self, requeues: Sequence[Requeue]) -> Awaitable[list[bool]]:
        """Put running tasks back into their queues; False where the attempt is no longer the task's."""

    @abstractmethod
    def set_waiting(self, changes: Sequence[Waiting]) -> Awaitable[list[bool]]:
        """Mark running attempts as waiting for other tasks, or not; False where the attempt is no longer the task's."""

    @abstractmethod
    async def revoke(self, revocations: Sequence[Revocation]) -> list[Record]:
        """Call tasks off, whatever state they are in, and return what they are now.

        A done task stays as it is, save with ``force``. What waits never starts; who runs it is told (see
        :meth:`Broker.consume`), and its outcome is no longer accepted.
        """

    @abstractmethod
    async def children(self, parents: Sequence[tuple[UUID, int | None]]) -> list[list[UUID]]:
        """Return the ids of tasks whose parent each is, in order of submission, at most the given number of each."""

    @abstractmethod
    async def get(self, ids: Sequence[UUID]) -> list[Record | None]:
        """Read records; None for an unknown or expired id."""

    @abstractmethod
    async def get_values(self, ids: Sequence[UUID]) -> list[StoredValue | None]:
        """Read values and errors of finished tasks; None where there is none."""

    @abstractmethod
    def get_with_values(self, ids: Sequence[UUID]) -> Awaitable[list[tuple[Record, StoredValue | None] | None]]:
        """:meth:`get` and :meth:`get_values` at once: each record with its value."""

    @abstractmethod
    async def get_messages(self, ids: Sequence[UUID]) -> list[Message | None]:
        """Read the messages of tasks that are not done or have failed; None for others."""

    @abstractmethod
    async def find(self, query: Query) -> list[Record]:
        """List records, newest first."""

    @abstractmethod
    async def get_metadata(self, ids: Sequence[UUID]) -> list[dict[str, bytes]]:
        """Read metadata, each value a JSON text; empty for an unknown id."""

    @abstractmethod
    async def set_metadata(self, changes: Sequence[tuple[UUID, Mapping[str, bytes]]]) -> list[None]:
        """Merge into metadata, key by key. Changes to an unknown id are dropped."""

    @abstractmethod
    async def set_ttl(self, changes: Sequence[tuple[UUID, float]]) -> list[bool]:
        """Let results (record, value, metadata) expire this many seconds from now; False for an unknown id.

        A task that is not done does not expire; for it the time counts from its end.
        """

    @abstractmethod
    async def delete(self, ids: Sequence[UUID]) -> list[bool]:
        """Forget results at once; False for an unknown id, and for a task that is not done."""

    def hurry(self) -> None:  # noqa: B027 - an engine that gathers nothing has nothing to do
        """Set out with what was gathered: nothing more comes in this turn of the loop."""

    @abstractmethod
    def on_finished(self, finished: Finished) -> None:
        """Set who is told of watched tasks that end; one listener a process."""

    @abstractmethod
    async def watch(self, ids: Sequence[UUID]) -> list[tuple[Record, StoredValue | None] | None]:
        """Begin to watch, then read as get_with_values() does.

        A task that is terminal, or unknown, in the answer is not watched. Told at least once, soon (one second at the
        latest while the store is in reach), and not more than that once: a told id is no longer watched.
        """

    @abstractmethod
    def unwatch(self, ids: Sequence[UUID]) -> None:
        """Watch these no longer."""


class StateBackend(ABC):
    """What tasks keep between their runs: a few JSON values under keys, until the task ends.

    Promised: what set() has answered is there for the next attempt, on whichever process. State of a task lives at
    least as long as its result, whatever pauses come between.
    """

    @abstractmethod
    async def open(self) -> None:
        """See :meth:`Broker.open`."""

    @abstractmethod
    async def close(self) -> None:
        """See :meth:`Broker.close`."""

    def abandon(self) -> None:  # noqa: B027 - an engine without handles of its own has nothing to do
        """See :meth:`Broker.abandon`."""

    @abstractmethod
    async def get(self, keys: Sequence[tuple[UUID, str]]) -> list[bytes | None]:
        """Read values of (task, key); None where nothing is set."""

    @abstractmethod
    async def set(self, values: Sequence[tuple[UUID, str, bytes]]) -> list[None]:
        """Write values of (task, key, JSON text). Later items win over earlier ones.

        What is set of a task that has ended or is unknown is dropped.
        """

    @abstractmethod
    async def pop(self, keys: Sequence[tuple[UUID, str]]) -> list[bytes | None]:
        """Read and remove. Repeating a call whose answer was lost answers None."""

    @abstractmethod
    async def clear(self, ids: Sequence[UUID]) -> list[None]:
        """Remove all that these tasks keep."""


class Engine:
    """One broker, one result backend, one state backend, opened and closed together."""

    def __init__(self, broker: Broker, results: ResultBackend, state: StateBackend) -> None:
        self.broker, self.results, self.state = broker, results, state

    async def open(self) -> None:
        """Open all three; on an error, close what was opened and raise it."""
        try:
            for part in self.parts():
                await part.open()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close all three, the broker first, so that nothing is handed out that could not be stored."""
        for part in self.parts():
            await part.close()

    def abandon(self) -> None:
        """Abandon all three."""
        for part in self.parts():
            part.abandon()

    def parts(self) -> tuple[Broker, ResultBackend, StateBackend]:
        """Return the three, in the order in which they open and close."""
        return self.broker, self.results, self.state
