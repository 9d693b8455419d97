"""Tasks that could not be submitted are taken back, sooner or later."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast
from uuid import UUID, uuid4

import pytest

from mog.engine.distributed import withdrawal
from mog.engine.distributed.withdrawal import Withdrawal
from mog.engine.records import StoredValue
from mog.engine.redis.submissions import Submissions
from mog.errors import EngineUnavailable

VALUE = StoredValue(b'"why"')


class FakeSubmissions:
    """A store that is out of reach for some calls, or until the test lets it be found."""

    def __init__(self, failures: float = 0) -> None:
        self.failures = failures
        self.asked: list[list[UUID]] = []
        self.unknown: set[UUID] = set()

    async def not_sent(self, ids: Sequence[UUID], value: StoredValue) -> list[bool]:
        assert value == VALUE
        self.asked.append(list(ids))
        if self.failures:
            self.failures -= 1
            raise EngineUnavailable("gone")
        return [True] * len(ids)

    async def known(self, ids: Sequence[UUID]) -> list[bool]:
        return [id_ not in self.unknown for id_ in ids]


def on(submissions: FakeSubmissions) -> Withdrawal:
    return Withdrawal(cast("Submissions", submissions))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(withdrawal, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(withdrawal, "LONGEST_DELAY", 0.002)


async def test_the_store_answers() -> None:
    ids = [uuid4(), uuid4()]
    assert await on(FakeSubmissions()).take_back(ids, VALUE) == [True, True]


async def test_it_is_tried_until_the_store_answers() -> None:
    submissions = FakeSubmissions(failures=5)
    taking = on(submissions)
    first, second = taking.take_back([uuid4()], VALUE), taking.take_back([uuid4(), uuid4()], VALUE)
    assert await asyncio.gather(first, second) == [[True], [True, True]]
    assert len(submissions.asked) == 7


async def test_who_no_longer_waits_is_served_all_the_same() -> None:
    submissions = FakeSubmissions()
    taking = on(submissions)
    taking.take_back([uuid4()], VALUE).cancel()
    await taking.take_back([uuid4()], VALUE)
    assert len(submissions.asked) == 2


async def test_what_is_given_up_at_the_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    taking = on(FakeSubmissions(failures=float("inf")))
    id_ = uuid4()
    answer = taking.take_back([id_], VALUE)
    await taking.close()
    assert answer.cancelled()
    assert f"1 tasks were not submitted and may run once the store is back: {id_}" in caplog.text


async def test_what_a_store_that_takes_no_writes_never_had_is_not_told_of(caplog: pytest.LogCaptureFixture) -> None:
    submissions = FakeSubmissions(failures=float("inf"))
    taking = on(submissions)
    refused, half = uuid4(), [uuid4(), uuid4()]
    submissions.unknown = {refused, half[0]}
    answers = [taking.take_back([refused], VALUE), taking.take_back(half, VALUE)]
    await taking.close()
    assert all(answer.cancelled() for answer in answers)
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [str(half[1])]


async def test_the_oldest_are_given_up_where_too_many_wait(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(withdrawal, "LIMIT", 3)
    taking = on(FakeSubmissions(failures=float("inf")))
    orders = [taking.take_back([uuid4(), uuid4()], VALUE) for _ in range(3)]
    assert [order.cancelled() for order in orders] == [True, True, False]
    await taking.close()
    assert len(caplog.records) == 3
