"""Submissions: the first ones, and those of which the server takes a part."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import cast
from uuid import UUID

import pytest
from tests.runtime.leftovers import core_of

from mog.engine.distributed import submission
from mog.engine.distributed.dispatch import Dispatch
from mog.engine.distributed.submission import Submission
from mog.engine.records import NewTask, StoredValue
from mog.engine.redis.answers import WakeUp
from mog.engine.redis.submissions import Submissions
from mog.errors import EngineUnavailable, MogError
from mog.testing.conformance.kit import Submitter, new_task

from .conftest import DistributedKit


class StoreThatGoes:
    """Takes tasks, and is then out of reach."""

    async def create(self, tasks: Sequence[NewTask]) -> list[MogError | None]:
        return [None] * len(tasks)

    async def not_sent(self, ids: Sequence[UUID], value: StoredValue) -> list[bool]:
        raise EngineUnavailable("gone")

    async def known(self, ids: Sequence[UUID]) -> list[bool]:
        raise EngineUnavailable("gone")


class BrokerThatGoes:
    """Takes the first message alone."""

    async def prepare(self, queues: Iterable[str]) -> None:
        """All are there."""

    async def send(self, wake_ups: Sequence[WakeUp]) -> list[MogError | None]:
        return [None, *(EngineUnavailable("closed") for _ in wake_ups[1:])]


async def test_the_first_tasks_of_a_queue_are_not_taken_for_ones_that_waited_in_it(
    kit: DistributedKit, caplog: pytest.LogCaptureFixture
) -> None:
    async with kit.engine() as client:
        await Submitter(client).submit(*(new_task() for _ in range(3)))
        await core_of(client).dispatch.finish()
        assert await core_of(client).store.submissions.unsent(0.0) == []
    assert not caplog.records


async def test_what_was_published_is_submitted_whatever_becomes_of_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "PATIENCE", 0.01)
    store, broker = cast("Submissions", StoreThatGoes()), cast("Dispatch", BrokerThatGoes())
    submitting = Submission(store, broker, time.time)
    answers = await submitting.create([new_task(), new_task(), new_task()])
    assert answers[0] is None
    assert [str(answer) for answer in answers[1:]] == ["closed; and the store is out of reach"] * 2
    assert {type(answer) for answer in answers[1:]} == {EngineUnavailable}
    await submitting.close()
