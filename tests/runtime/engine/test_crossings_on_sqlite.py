"""The ports on the embedded engine: a task's whole way, forks, and other processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from uuid import uuid4

import pytest

from mog.engine.inline import InlinePort
from mog.engine.io_thread import ThreadPort
from mog.engine.records import Outcome, Query, Requeue, StoredValue
from mog.engine.urls import open_engine
from mog.errors import AlreadySubmitted, ResultLost, StoreUnusable
from mog.states import ResultState


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/mog.db"


@pytest.fixture(params=["file", "memory"])
async def real_port(request, url):
    if request.param == "file":
        port = ThreadPort(open_engine(url, url, url))
    else:
        port = InlinePort(open_engine("memory://", "memory://", "memory://"))
    yield port
    await port.close()


def outcome_of(delivery):
    value = StoredValue(b'{"value_type": "builtins:int", "raw_value": 1}')
    return Outcome(delivery.message.id, delivery.attempt, ResultState.SUCCESS, value, 600.0, 600.0)


async def test_three_hundred_tasks_from_submit_to_result(real_port, new_task):
    consumption = None

    def deliver(deliveries):
        for delivery in deliveries:
            real_port.send("results.settle", outcome_of(delivery))
            consumption.grant(1)

    consumption = await real_port.consume(["tasks"], deliver, lambda _: None)
    consumption.grant(10)
    tasks = [new_task() for _ in range(300)]
    await asyncio.gather(*(real_port.call("results.create", task.new()) for task in tasks))
    records = await asyncio.gather(*(real_port.wait(task.id, 20) for task in tasks))
    assert {record.state for record in records} == {ResultState.SUCCESS}
    values = await asyncio.gather(*(real_port.call("results.get_values", task.id) for task in tasks))
    assert all(values)
    await consumption.stop()
    assert len(real_port._host._waiters) == 0


async def test_errors_and_single_operations(real_port, new_task):
    task = new_task()
    await real_port.call("results.create", task.new())
    with pytest.raises(AlreadySubmitted):
        await real_port.call("results.create", task.new())
    with pytest.raises(ResultLost):
        await real_port.wait(uuid4(), 5)
    assert [record.id for record in await real_port.call("results.find", Query())] == [task.id]
    assert [depth.ready for depth in await real_port.call("broker.depth", ["tasks", "none"])] == [1, 0]
    assert await real_port.call("broker.purge", ["tasks"]) == {"tasks": 1}
    assert (await real_port.wait(task.id, 5)).state == ResultState.REVOKED


async def test_what_came_and_was_not_begun_goes_back(real_port, new_task):
    came = asyncio.get_running_loop().create_future()
    consumption = await real_port.consume(["tasks"], came.set_result, lambda _: None)
    consumption.grant(1)
    task = new_task()
    await real_port.call("results.create", task.new())
    (delivery,) = await asyncio.wait_for(came, 10)
    real_port.send("results.requeue", Requeue(task.id, delivery.attempt, refund=True))
    await consumption.stop()
    record = await real_port.call("results.get", task.id)
    assert (record.state, record.number_of_starts) == (ResultState.PENDING, 0)


def test_a_memory_store_survives_its_loops(new_task):
    port = InlinePort(open_engine("memory://", "memory://", "memory://"))

    async def create(task):
        await port.call("results.create", task.new())

    async def consume_one():
        came = asyncio.get_running_loop().create_future()
        consumption = await port.consume(["tasks"], came.set_result, lambda _: None)
        consumption.grant(1)
        (delivery,) = await asyncio.wait_for(came, 10)
        await port.call("results.settle", outcome_of(delivery))
        await consumption.stop()
        return delivery.message.id

    tasks = [new_task() for _ in range(3)]
    port.call_blocking("results.create", tasks[0].new())
    asyncio.run(create(tasks[1]))
    port.call_blocking("results.create", tasks[2].new())
    done = {asyncio.run(consume_one()) for _ in range(3)}
    assert done == {task.id for task in tasks}
    for task in tasks:
        assert port.wait_blocking(task.id, 5).state == ResultState.SUCCESS
    port.close_blocking()


def test_what_was_delivered_to_a_loop_that_closed_is_not_lost(url, new_task):
    port = ThreadPort(open_engine(url, url, url))
    began = threading.Event()

    async def consume_and_leave():
        consumption = await port.consume(["tasks"], lambda _: None, lambda _: None)
        consumption.grant(5)
        began.set()

    asyncio.run(consume_and_leave())
    task = new_task()
    port.call_blocking("results.create", task.new())

    async def handed_back():
        async with asyncio.timeout(10):
            while (await port.call("results.get", task.id)).state != ResultState.PENDING:
                await asyncio.sleep(0.01)

    asyncio.run(handed_back())
    port.close_blocking()


def test_an_open_error_is_the_engines_own(tmp_path):
    (tmp_path / "mog.db").mkdir()
    url = f"sqlite:///{tmp_path}/mog.db"
    port = ThreadPort(open_engine(url, url, url))
    with pytest.raises(StoreUnusable, match=r"mog\.db"):
        port.call_blocking("results.get", uuid4())
    (tmp_path / "mog.db").rmdir()
    assert port.call_blocking("results.get", uuid4()) is None
    port.close_blocking()


FORKING = """
import asyncio, os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from uuid import uuid4
from mog.engine.io_thread import ThreadPort
from mog.engine.records import Message, NewTask, Record
from mog.engine.urls import open_engine

def new():
    task_id = uuid4()
    return NewTask(Record(task_id, name="t"), Message(task_id, "tasks", 5, b"{}"), ttl=60.0)

port = ThreadPort(open_engine(*[sys.argv[1]] * 3))
port.call_blocking("results.create", new())
children = []
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        async def serve():
            asyncio.get_running_loop().slow_callback_duration = 60  # a busy machine is no failure
            await asyncio.gather(*(port.call("results.create", new()) for _ in range(50)))
        asyncio.run(serve())
        sys.exit(0)
    children.append(pid)
for _ in range(50):
    port.call_blocking("results.create", new())
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4
print(port.call_blocking("broker.depth", ["tasks"])[0].ready)
"""


def test_a_preloaded_parent_and_its_children_submit_together(url):
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(FORKING), url],
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "251\n", "")
