"""How attempts end, or are put back: first the store knows, then RabbitMQ may forget the message.

A message that is acknowledged too early is a task that is lost with Redis; one that is acknowledged too late comes
again, and the store knows better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext, suppress
from uuid import UUID

from mog.engine.distributed.dead_letters import DeadLetters, Letter
from mog.engine.distributed.dispatch import Dispatch
from mog.engine.distributed.held import Messages
from mog.engine.distributed.running import Run, Running
from mog.engine.records import Outcome, Requeue, Waiting
from mog.engine.redis.answers import WakeUp
from mog.engine.redis.attempts import Attempts
from mog.errors import EngineError, MogError


class Settling:
    """The ends of this process's attempts. ``ended`` is told of those that others have brought about."""

    def __init__(
        self, attempts: Attempts, dispatch: Dispatch, dead_letters: DeadLetters, messages: Messages, running: Running
    ) -> None:
        self._attempts, self._dispatch, self._dead_letters = attempts, dispatch, dead_letters
        self._messages, self._running = messages, running
        self.ended: Callable[[Sequence[UUID]], None] = lambda _: None

    async def settle(self, outcomes: Sequence[Outcome]) -> list[bool]:
        """See :meth:`ResultBackend.settle`."""
        burying = any(outcome.dead is not None for outcome in outcomes)
        with self._dead_letters.under_way() if burying else nullcontext():
            return await self._settle(outcomes)

    async def _settle(self, outcomes: Sequence[Outcome]) -> list[bool]:
        runs = [self._running.find(outcome.id, outcome.attempt) for outcome in outcomes]
        answers = await self._attempts.settle(outcomes)
        letters = [
            Letter(outcome.id, run.arrival.queue, outcome.dead, run.arrival.body)
            for outcome, run, answer in zip(outcomes, runs, answers, strict=True)
            if outcome.dead is not None and run is not None and answer is True
        ]
        await self.bury(letters)
        self._let_go(runs, answers)
        return answers

    async def requeue(self, requeues: Sequence[Requeue]) -> list[bool]:
        """See :meth:`ResultBackend.requeue`."""
        runs = [self._running.find(requeue.id, requeue.attempt) for requeue in requeues]
        answers = await self._attempts.requeue(requeues)
        await self._dispatch.send([answer for answer in answers if isinstance(answer, WakeUp)])
        self._let_go(runs, answers)
        return [True if isinstance(answer, WakeUp) else answer for answer in answers]

    async def set_waiting(self, changes: Sequence[Waiting]) -> list[bool]:
        """See :meth:`ResultBackend.set_waiting`; one that waits is handed over, so that it fills no window."""
        answers = await self._attempts.set_waiting(changes)
        begun = []
        for change, answer in zip(changes, answers, strict=True):
            run = self._running.find(change.id, change.attempt)
            if run is not None and answer is True:
                run.waits = change.waits
                if change.waits:
                    begun.append(run)
        await self.hand_over(begun)
        return answers

    async def hand_over(self, runs: Iterable[Run]) -> None:
        """Let the store alone stand for attempts that go on: their messages are acknowledged. Never raises."""
        holding = [run for run in runs if run.held is not None]
        with suppress(EngineError):
            kept = await self._attempts.hand_over([(run.id, run.attempt) for run in holding])
            self._release(run for run, ours in zip(holding, kept, strict=True) if ours is True)
            self.lose(run for run, ours in zip(holding, kept, strict=True) if ours is False)

    async def look(self, runs: Sequence[Run]) -> None:
        """Find out which of these attempts others have ended."""
        ours = await self._attempts.still_ours([(run.id, run.attempt) for run in runs])
        self.lose(run for run, still in zip(runs, ours, strict=True) if still is False)

    def lose(self, runs: Iterable[Run]) -> None:
        """Give attempts up that are no longer their task's, and tell who runs them."""
        lost = self._running.end(runs)
        self._release(lost)
        if lost:
            self.ended([run.id for run in lost])

    def forget_all(self) -> None:
        """Let go of all attempts: the store has put them back."""
        runs = self._running.all()
        self._running.end(runs)
        self._release(runs)

    async def bury(self, letters: Sequence[Letter]) -> list[MogError | None]:
        """Make dead letters, and note which are; never raises: the store brings up again what failed here."""
        answers = await self._dead_letters.bury(letters)
        buried = [letter.id for letter, answer in zip(letters, answers, strict=True) if answer is None]
        with suppress(EngineError):
            await self._attempts.buried(buried)
        return answers

    def _let_go(self, runs: Sequence[Run | None], answers: Sequence[object]) -> None:
        """Acknowledge the messages of attempts that the store has done with, or that were not ours any more."""
        answered = [run for run, answer in zip(runs, answers, strict=True) if run and not isinstance(answer, MogError)]
        self._running.end(answered)
        self._release(answered)

    def _release(self, runs: Iterable[Run]) -> None:
        held = []
        for run in runs:
            if run.held is not None:
                held.append(run.held)
                run.held = None
        if held:
            self._messages.acknowledge(held)
