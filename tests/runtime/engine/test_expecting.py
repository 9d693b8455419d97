"""Waiting for what one has just submitted: the engine's thread is not woken for it, and yet nobody is missed."""

from __future__ import annotations

import asyncio
import random

import pytest

from mog.engine.io_thread import ThreadPort
from mog.engine.records import Outcome, StoredValue
from mog.engine.sqlite import store as store_module
from mog.engine.sqlite.watches import Watches
from mog.engine.urls import open_engine
from mog.errors import NotConnected
from mog.states import ResultState

SOON = 20.0


class Here:
    """A process that submits and waits, and beside it one that runs the tasks."""

    def __init__(self, url):
        self.client, self.worker = (ThreadPort(open_engine(url, url, url)) for _ in range(2))
        self.joined = []
        self.goes_on = False

    @property
    def waiters(self):
        return self.client._host.waiters

    async def begin(self, new_task):
        """Have the client known as one that waits: from then on it is told of all ends."""
        self.consumption = await self.worker.consume(["tasks"], self.came, lambda _: None)
        task = await self.submit(new_task)
        self.consumption.grant(1)
        await self.client.wait(task.id, SOON)
        join = self.waiters.join

        def joined(newcomers, *, with_value=False):
            self.joined += [task_id for task_id, _, _ in newcomers]
            join(newcomers, with_value=with_value)

        self.waiters.join = joined

    async def submit(self, new_task):
        task = new_task()
        await self.client.call("results.create", task.new())
        return task

    def came(self, deliveries):
        for delivery in deliveries:
            value = StoredValue(b'{"value_type": "builtins:int", "raw_value": 1}')
            outcome = Outcome(delivery.message.id, delivery.attempt, ResultState.SUCCESS, value, 600.0, 600.0)
            self.worker.send("results.settle", outcome)
        if self.goes_on:
            self.consumption.grant(len(deliveries))

    async def close(self):
        await self.client.close()
        await self.worker.close()


@pytest.fixture
async def here(tmp_path, new_task):
    here = Here(f"sqlite:///{tmp_path}/mog.db")
    await here.begin(new_task)
    yield here
    await here.close()


async def waits(here, task, count=1):
    """Begin to wait, and let the loop turn."""
    waiting = [asyncio.ensure_future(here.client.wait_value(task.id, SOON)) for _ in range(count)]
    await asyncio.sleep(0)
    return waiting


async def test_who_has_submitted_is_answered_without_knocking(here, new_task, monkeypatch):
    monkeypatch.setattr(store_module, "TICK", 1_000.0)
    task = await here.submit(new_task)
    (waiting,) = await waits(here, task)
    here.consumption.grant(1)
    record, value = await waiting
    assert (record.state, value.content) == (ResultState.SUCCESS, b'{"value_type": "builtins:int", "raw_value": 1}')
    assert here.joined == []
    assert len(here.waiters) == 0


async def test_a_second_wait_for_the_same_task_is_answered_too(here, new_task):
    task = await here.submit(new_task)
    waiting = await waits(here, task, count=3)
    here.consumption.grant(1)
    assert {record.state for record, _ in await asyncio.gather(*waiting)} == {ResultState.SUCCESS}
    assert len(here.waiters) == 0


async def test_what_had_ended_before_is_answered_at_once(here, new_task):
    task = await here.submit(new_task)
    here.consumption.grant(1)
    async with asyncio.timeout(SOON):
        while (await here.client.call("results.get", task.id)).state != ResultState.SUCCESS:
            await asyncio.sleep(0.01)
        while here.client.engine.results.will_tell(task.id):
            await asyncio.sleep(0.01)
    record, _ = await here.client.wait_value(task.id, SOON)
    assert record.state == ResultState.SUCCESS
    assert here.joined == [task.id]


async def test_a_bell_that_was_not_heard_is_made_up_for_by_the_next_look(here, new_task, monkeypatch):
    heard = Watches.heard
    monkeypatch.setattr(Watches, "heard", lambda self, ids: heard(self, ids) if not ids else None)
    task = await here.submit(new_task)
    (waiting,) = await waits(here, task)
    here.consumption.grant(1)
    record, _ = await waiting
    assert record.state == ResultState.SUCCESS
    assert here.joined == []


async def test_who_leaves_leaves_nothing(here, new_task):
    task = await here.submit(new_task)
    with pytest.raises(TimeoutError):
        await here.client.wait(task.id, 0.01)
    async with asyncio.timeout(SOON):
        while len(here.waiters):
            await asyncio.sleep(0.01)


async def test_who_stays_is_answered_although_another_has_left(here, new_task):
    task = await here.submit(new_task)
    leaves, stays = await waits(here, task, count=2)
    leaves.cancel()
    await here.client.call("results.get", task.id)
    here.consumption.grant(1)
    record, _ = await stays
    assert record.state == ResultState.SUCCESS


async def test_close_fails_those_who_have_not_knocked(here, new_task):
    task = await here.submit(new_task)
    (waiting,) = await waits(here, task)
    await here.client.close()
    with pytest.raises(NotConnected):
        await waiting


async def test_nobody_is_missed_however_submit_wait_and_end_fall_together(here, new_task, monkeypatch):
    """With no look at the store but that of the bells, one who is missed waits for ever."""
    monkeypatch.setattr(store_module, "TICK", 1_000.0)
    await asyncio.sleep(1.1)  # the last look that was planned before
    here.consumption.grant(20)
    here.goes_on = True

    def one_loop(seed):
        async def several():
            draw = random.Random(seed)

            async def one():
                task = await here.submit(new_task)
                if pause := draw.choice((None, 0.0, 0.0, 0.001, 0.003)):
                    await asyncio.sleep(pause)
                return (await here.client.wait(task.id, SOON)).state

            for _ in range(30):
                assert {*await asyncio.gather(*(one() for _ in range(draw.randrange(1, 8))))} == {ResultState.SUCCESS}

        asyncio.run(several())

    await asyncio.gather(*(asyncio.to_thread(one_loop, seed) for seed in range(3)))
    assert len(here.waiters) == 0
