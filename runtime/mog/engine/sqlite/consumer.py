"""Takes ready messages out of the store, as many as its credit allows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from mog.engine.contracts import Consumer, Deliver, Ended
from mog.engine.sqlite.lifecycle import claim, promote
from mog.engine.sqlite.queries import QUERIES
from mog.engine.sqlite.revoking import drop_notices
from mog.engine.sqlite.rows import delivery_from
from mog.engine.sqlite.store import Store
from mog.engine.sqlite.timers import Timer
from mog.engine.sqlite.transaction import Operation, Transaction, Unheard
from mog.errors import EngineError, StoreUnusable

logger = logging.getLogger("mog.engine.sqlite")


class SqliteConsumer(Consumer):
    """Claims when credit comes, when a bell rings, when a message falls due, and at each tick.

    Only one claim is under way at a time. It is an operation of the writer like others, so that it shares the
    transaction of the outcomes whose slots it fills. While a claim finds less than there is credit for, the consumer
    listens for the ready bell; else it has no use for it.

    After such a claim the queues are known to be empty until a bell rings or a message falls due: new credit then
    claims nothing. On an idle worker this halves the work of a task, and keeps it off the way from submit to result.
    """

    def __init__(self, store: Store, queues: Sequence[str], deliver: Deliver, ended: Ended) -> None:
        self._store = store
        self._queues = list(dict.fromkeys(queues))
        self._deliver = deliver
        self._ended = ended
        self._credit = 0
        self._claiming = False
        self._empty = False
        self._rung = False
        self._stopped = False
        self._failing = False
        self._lucky = False
        self._due: float | None = None
        self._end: asyncio.Future[StoreUnusable | None] = store.loop.create_future()
        self._timer = Timer(store.loop, store.clock, self.wake)
        store.ready_listeners.append(self.wake)
        store.ended_listeners.append(self._hear_ended)
        store.unusable_listeners.append(self._lose)

    def grant(self, slots: int) -> None:
        """See :meth:`Consumer.grant`."""
        self._credit += slots  # below zero while more runs than there are slots
        if self._credit > 0 and not self._empty:
            self._claim_soon()

    async def stop(self) -> None:
        """See :meth:`Consumer.stop`."""
        self.halt()
        self._store.neighbours.listen(False)

    def halt(self) -> None:
        """Stop without touching the loop; may be repeated."""
        if not self._stopped:
            self._stopped = True
            self._store.unusable_listeners.remove(self._lose)
            self._lose()
            self._timer.set(None)
            self._store.ready_listeners.remove(self.wake)

    async def stopped(self) -> None:
        """See :meth:`Consumer.stopped`."""
        error = await asyncio.shield(self._end)
        if error is not None:
            raise error

    def _lose(self, error: StoreUnusable | None = None) -> None:
        if not self._end.done():
            self._end.set_result(error)

    def wake(self) -> None:
        """Claim if there is something to claim.

        To look first costs no lock, but time on the way from submit to result. So only who came in vain the last time
        looks: where many wait for the same bell, most do.
        """
        if self._stopped or self._claiming or self._credit <= 0:
            self._empty, self._rung = False, True
            return
        try:
            if self._lucky or self._anything_ready():
                self._claim_soon()
        except EngineError as error:
            self.failed(error)

    def _anything_ready(self) -> bool:
        if any(self._store.read("any_ready", (queue,)) for queue in self._queues):
            return True
        [(due,)] = self._store.read("next_due", ())
        if due is not None and due <= self._store.clock():
            return True
        self._timer.set(due)
        return False

    def _claim_soon(self) -> None:
        if self._credit > 0 and not self._claiming and not self._stopped:
            self._store.writer.add(_Claim(self, self._store.loop.time()))
            self._claiming, self._rung = True, False

    def claim(self, transaction: Transaction, _items: Sequence[Any]) -> list[Any]:
        """Claim what there is credit for; the work of a :class:`_Claim`."""
        if self._stopped or self._credit <= 0 or not self._store.neighbours.present:
            return []
        owner, node_id = self._store.neighbours.owner, self._store.node_id
        self._due, known = transaction.connection.execute(QUERIES["before_claim"], (owner,)).fetchone()
        if not known:
            self._store.sign_in(transaction)
        if self._due is not None and self._due <= transaction.now:
            self._due = promote(transaction)
        rows = claim(transaction, self._queues, self._credit, owner, node_id)
        self._empty = len(rows) < self._credit
        return rows

    def claimed(self, rows: list[Any]) -> None:
        """Hand out what was claimed, and see whether to listen for more."""
        self._claiming = self._failing = False
        self._lucky = bool(rows)
        self._credit -= len(rows)
        if rows:
            self._hand_out([delivery_from(row) for row in rows])
        self._store.neighbours.listen(self._credit > 0 and not self._stopped)
        if self._credit > 0 and not self._stopped:
            if self._empty:
                self._timer.set(self._due)
            if self._rung or not self._empty:
                self.wake()

    def _hand_out(self, deliveries: list[Any]) -> None:
        try:
            self._deliver(deliveries)
        except Exception as error:  # noqa: BLE001 - others' answers of this transaction must still be given
            context = {"message": "a consumer could not take deliveries", "exception": error}
            self._store.loop.call_exception_handler(context)

    def _hear_ended(self, ids: Sequence[bytes]) -> None:
        """Pass on which tasks were revoked; without ids, look for those that no bell has told of."""
        if ids:
            self._ended([UUID(bytes=id_) for id_ in ids])
            return
        owner = self._store.neighbours.owner
        try:
            noticed = [task for (task,) in self._store.read("notices", (owner,))]
        except EngineError:  # the next tick looks again
            return
        if noticed:
            self._ended([UUID(bytes=id_) for id_ in noticed])
            self._store.writer.add(Unheard(drop_notices, [(owner, task) for task in noticed], self._store.loop.time()))

    def forget(self) -> None:
        """Hear no more of tasks that were revoked; they are all settled."""
        self._store.ended_listeners.remove(self._hear_ended)

    def failed(self, error: Exception) -> None:
        """Wait for the next tick; say once why."""
        self._claiming = self._empty = False
        if not self._failing:
            self._failing = True
            logger.warning("no tasks are taken until this is over: %s", error)


class _Claim(Operation):
    """A consumer's claim among the writer's operations."""

    __slots__ = ("_consumer",)

    def __init__(self, consumer: SqliteConsumer, asked: float) -> None:
        super().__init__(consumer.claim, (None,), asked)
        self._consumer = consumer

    def answer(self, answers: list[Any]) -> None:
        """See :meth:`Operation.answer`."""
        self._consumer.claimed(answers)

    def fail(self, error: Exception) -> None:
        """See :meth:`Operation.fail`."""
        self._consumer.failed(error)
