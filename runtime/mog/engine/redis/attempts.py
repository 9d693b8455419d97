"""From a message's arrival to the end of the attempt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from mog.engine.records import Outcome, Requeue, Waiting
from mog.engine.redis.answers import Admission, Arrival, Verdict, WakeUp
from mog.engine.redis.codec import ENCODINGS, STATE_TEXTS, quote, read_id, read_text, read_time, read_wake_up
from mog.engine.redis.connection import Arg
from mog.engine.redis.scripts import Scripts, items_of, read_each
from mog.states import ResultState

_VERDICTS = {verdict.value.encode(): verdict for verdict in Verdict}
_SIMPLE = {verdict: Admission(verdict) for verdict in Verdict}


class Attempts:
    """See the module's head."""

    def __init__(self, scripts: Scripts, owner: str, node_id: str, lease: float) -> None:
        self._scripts = scripts
        self._head = (quote(owner), quote(node_id))
        self._lease = lease

    async def admit(self, arrivals: Sequence[Arrival], *, again: bool = False) -> list[Admission]:
        """Decide on arrivals, and start those that may.

        ``again`` if an earlier call for these raised: what it did start is answered as started, once more. Without it,
        a task that this very process runs is parked as any running one, so that two messages start it once.
        """
        items = [_arrival(arrival) for arrival in arrivals]
        answers = await self._scripts.run("admit", (*self._head, self._lease), items, again=again)
        return read_each(_admission, answers)

    async def settle(self, outcomes: Sequence[Outcome]) -> list[bool]:
        """See :meth:`ResultBackend.settle`; whoever waits is told.

        With ``dead`` the task stays in the outbox until :meth:`buried`: if nobody buries it, unsent() brings it up,
        and admit() says DONE, with the reason.
        """
        return await self._scripts.ask("settle", self._head, [_outcome(outcome) for outcome in outcomes])

    async def buried(self, ids: Sequence[UUID]) -> list[None]:
        """Note that these have become dead letters."""
        await self._scripts.run("buried", (), items_of(ids))
        return [None] * len(ids)

    async def requeue(self, requeues: Sequence[Requeue]) -> list[WakeUp | bool]:
        """See :meth:`ResultBackend.requeue`. False where the attempt is no longer the task's.

        True: it waits in the store until it is due. A WakeUp: it is due now; it is in the outbox, publish it.
        """
        items = [
            (str(item.id), item.attempt, "" if item.due is None else repr(item.due), int(item.refund), int(item.retry))
            for item in requeues
        ]
        return read_each(_put_back, await self._scripts.run("requeue", self._head, items))

    async def set_waiting(self, changes: Sequence[Waiting]) -> list[bool]:
        """See :meth:`ResultBackend.set_waiting`."""
        waits, runs = STATE_TEXTS[ResultState.SUSPENDED], STATE_TEXTS[ResultState.RUNNING]
        items = [(str(change.id), change.attempt, waits if change.waits else runs) for change in changes]
        return await self._scripts.ask("set_waiting", self._head, items)

    async def hand_over(self, attempts: Sequence[tuple[UUID, int]]) -> list[bool]:
        """Park running attempts (id, attempt) of this process: from now on no message is needed to wake them up.

        For long ones, whose message is acknowledged before RabbitMQ loses patience; and for a message of a task that
        runs here already. False where the attempt is no longer the task's.
        """
        return await self._scripts.ask("hand_over", self._head, attempt_items(attempts))

    async def still_ours(self, attempts: Sequence[tuple[UUID, int]]) -> list[bool]:
        """Tell of attempts (id, attempt) of this process which still are their task's: revoked ones are not."""
        return await self._scripts.ask("still_ours", self._head, attempt_items(attempts))

    async def reclaim(self, attempts: Sequence[tuple[UUID, int]]) -> list[bool]:
        """Count attempts as this process's again, after its lease had run out; False for those that are lost."""
        return await self._scripts.ask("reclaim", self._head, attempt_items(attempts))


def attempt_items(attempts: Sequence[tuple[UUID, int]]) -> list[tuple[Arg, ...]]:
    """Return what scripts take of attempts."""
    return [(str(task_id), attempt) for task_id, attempt in attempts]


def _arrival(arrival: Arrival) -> tuple[Arg, ...]:
    """Of a message that carries a seq the store has the body."""
    body = arrival.body if arrival.seq is None else b""
    seq = "" if arrival.seq is None else arrival.seq
    return str(arrival.id), seq, quote(arrival.queue), arrival.priority, body


def _outcome(outcome: Outcome) -> tuple[Arg, ...]:
    return (
        str(outcome.id),
        outcome.attempt,
        STATE_TEXTS[outcome.state],
        outcome.value.content,
        ENCODINGS[outcome.value.encoding],
        repr(outcome.ttl),
        repr(outcome.value_ttl),
        "" if outcome.dead is None else quote(outcome.dead),
    )


def _admission(answer: Sequence[Any]) -> Admission:
    verdict = _VERDICTS[answer[0]]
    if verdict is Verdict.START:
        _, attempt, crashes, retries, created, parent = answer
        return Admission(verdict, attempt, crashes, int(retries), read_time(created) or 0.0, read_id(parent))
    if verdict is Verdict.DONE and len(answer) > 1 and answer[1] is not None:
        return Admission(verdict, dead=read_text(answer[1]))
    return _SIMPLE[verdict]


def _put_back(answer: Any) -> WakeUp | bool:
    return read_wake_up(answer) if isinstance(answer, list) else bool(answer)
