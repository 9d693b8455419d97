"""The guard of a worker, with loops that are really blocked, if not for long."""

from __future__ import annotations

import asyncio
import ctypes
import re
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AfterValidator

from mog import App, Context
from mog.config import GuardConfig
from mog.engine.contracts import Engine
from mog.engine.inline import InlinePort
from mog.engine.io_thread import ThreadPort
from mog.worker import culprit, watchdog
from mog.worker import guard as guard_module
from mog.worker.alarm import LoopBlocked, LoopFreed, Manner
from mog.worker.culprit import Culprit
from mog.worker.guard import Guard
from mog.worker.thread_clock import ThreadClock
from mog.worker.watcher import Watcher

WARN = 0.2
NAP = 0.6
"""Long enough to be told of on a busy machine: it is seen 0.3 s after its begin."""


class Heard:
    """What an alarm has been told."""

    def __init__(self) -> None:
        self.news: list[LoopBlocked | LoopFreed] = []
        self.freed = threading.Event()

    def __call__(self, news: LoopBlocked | LoopFreed) -> None:
        self.news.append(news)
        if isinstance(news, LoopFreed):
            self.freed.set()

    async def until_free(self) -> None:
        await asyncio.to_thread(self.freed.wait, 10)
        assert self.freed.is_set()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def guard(heard: Heard) -> AsyncIterator[Guard]:
    guard = Guard(GuardConfig(warn=WARN), alarm=heard)
    guard.start()
    yield guard
    guard.stop()


def guards() -> int:
    return [thread.name for thread in threading.enumerate()].count("mog-guard")


@pytest.mark.usefixtures("guard")
async def test_block_is_told_of_while_it_lasts_and_when_it_ends(heard: Heard) -> None:
    time.sleep(NAP)
    assert len(heard.news) == 1, "told of while it lasted"
    await heard.until_free()
    blocked, freed = heard.news
    assert isinstance(blocked, LoopBlocked)
    assert blocked.manner in (Manner.WAITS, Manner.BLOCKS)
    assert blocked.calls == ("time.sleep",)
    assert blocked.culprit.place is not None
    assert blocked.culprit.place.path == __file__
    assert freed == LoopFreed(freed.seconds, blocked)
    assert WARN <= blocked.seconds < freed.seconds


@pytest.mark.usefixtures("guard")
async def test_code_that_computes(heard: Heard) -> None:
    end = time.monotonic() + NAP
    while time.monotonic() < end:
        pass
    await heard.until_free()
    blocked = heard.news[0]
    assert isinstance(blocked, LoopBlocked)
    assert blocked.manner in (Manner.COMPUTES, Manner.BLOCKS)
    if blocked.manner is Manner.COMPUTES:
        assert blocked.calls == (), "what it calls just now is not to blame"


async def test_one_regular_expression_that_holds_the_interpreter_lock(heard: Heard) -> None:
    text = slow_to_match()
    with Guard(GuardConfig(warn=WARN), alarm=heard):
        begun = time.monotonic()
        match(text)
        seconds = time.monotonic() - begun
    blocked, freed = heard.news
    assert isinstance(blocked, LoopBlocked)
    assert blocked.manner is Manner.HOLDS_LOCK
    assert seconds - 0.3 < blocked.seconds <= freed.seconds < seconds + 0.3


async def test_loop_that_another_thread_shuts_out_is_not_blamed(heard: Heard) -> None:
    """The loop's thread waits for the interpreter lock as well: it may get it first, and then nobody is seen."""
    if ThreadClock()() is None:
        pytest.skip("this system has no clock for a thread")
    text = slow_to_match()
    with Guard(GuardConfig(warn=WARN), alarm=heard):
        await asyncio.to_thread(match, text)
        await heard.until_free()
    assert isinstance(heard.news[-1], LoopFreed)
    for news in heard.news[:-1]:
        assert isinstance(news, LoopBlocked)
        assert (news.manner, news.culprit.in_thread) == (Manner.HOLDS_LOCK, True)


def slow_to_match() -> str:
    """Return a text that takes a second or more of a processor's time to match, in one call."""
    text = "a" * 20
    while True:
        begun = time.thread_time()
        match(text)
        if time.thread_time() - begun >= 0.5:
            return text + "a"  # each letter more takes twice as long
        text += "a"


def match(text: str) -> None:
    re.match(r"(a+)+$", text + "b")


@pytest.mark.usefixtures("guard")
async def test_call_that_waits_and_holds_the_interpreter_lock(heard: Heard) -> None:
    ctypes.PyDLL(None).usleep(900_000)
    await heard.until_free()
    blocked = heard.news[0]
    assert isinstance(blocked, LoopBlocked)
    assert blocked.manner is Manner.STANDS_STILL


async def test_busy_loop_that_moves_is_left_alone(heard: Heard) -> None:
    with Guard(GuardConfig(warn=0.5), alarm=heard) as guard:
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            await asyncio.sleep(0)
    assert heard.news == []
    assert guard.blocked == 0.0


async def test_numbers(guard: Guard, heard: Heard) -> None:
    assert (guard.late, guard.blocked) == (0.0, 0.0)
    time.sleep(NAP)
    assert WARN <= guard.late <= guard.blocked, "counted while it lasts"
    await heard.until_free()
    assert guard.late < WARN
    assert guard.blocked == heard.news[-1].seconds


async def test_block_that_ends_with_the_guard_is_told_of(guard: Guard, heard: Heard) -> None:
    time.sleep(NAP)
    guard.stop()
    assert [type(news) for news in heard.news] == [LoopBlocked, LoopFreed]
    assert guard.blocked == heard.news[-1].seconds
    assert guards() == 0
    guard.stop()
    assert len(heard.news) == 2


async def test_disabled() -> None:
    guard = Guard(GuardConfig(enabled=False, warn=WARN))
    with guard:
        assert guards() == 0
        time.sleep(2 * WARN)
        assert (guard.late, guard.lag, guard.blocked) == (0.0, 0.0, 0.0)


async def test_stack_that_cannot_be_read_keeps_nothing_from_being_told(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("no stack")

    monkeypatch.setattr(culprit.Snapshot, "culprit", fail)
    with Guard(GuardConfig(warn=WARN), alarm=heard):
        time.sleep(NAP)
    blocked = heard.news[0]
    assert isinstance(blocked, LoopBlocked)
    assert "ZeroDivisionError: no stack" in blocked.culprit.stack


async def test_without_an_alarm_it_writes_to_the_descriptor(capfd: pytest.CaptureFixture[str]) -> None:
    with Guard(GuardConfig(warn=WARN)):
        time.sleep(NAP)
    first, *_, last = capfd.readouterr().err.splitlines()
    assert re.match(r"mog: the event loop has been blocked for 0\.\d s: .* waits in time\.sleep at ", first)
    assert re.match(r"mog: the event loop moves again, after 0\.\d s: ", last)


async def test_io_thread_looks_where_the_guard_comes_too_late(
    heard: Heard, thread_port: ThreadPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    found = Culprit(None, "found")

    def find(*_: object) -> Culprit:
        threads.append(threading.current_thread().name)
        return found

    monkeypatch.setattr(culprit.Snapshot, "culprit", find)
    monkeypatch.setattr(guard_module, "GLANCES", 0.01)
    late = threading.Event()
    look = Watcher.look
    monkeypatch.setattr(Watcher, "look", lambda watcher: look(watcher) if late.is_set() else 0.01)
    with Guard(GuardConfig(warn=WARN), alarm=heard) as guard:
        guard.enlist(thread_port)
        time.sleep(NAP)
        late.set()
    assert threads == ["mog-io"]
    blocked, freed = heard.news
    assert isinstance(blocked, LoopBlocked)
    assert blocked.culprit == found
    assert freed == LoopFreed(freed.seconds, blocked)


async def test_loop_that_is_watched_does_not_look_itself(
    guard: Guard, fake_engine: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = InlinePort(fake_engine)
    assert guard._watcher is not None
    monkeypatch.setattr(guard._watcher, "glance", lambda: pytest.fail("it is here that the engine lives"))
    guard.enlist(port)
    await asyncio.sleep(0)
    await port.close()


# -- the interpreter's watchdog


async def test_watchdog_is_wound_up_by_beats_and_stopped_by_looks(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(watchdog, "PATIENCE", 0.0)
    monkeypatch.setattr(watchdog.faulthandler, "dump_traceback_later", lambda *_, **__: calls.append("wound"))
    monkeypatch.setattr(watchdog.faulthandler, "cancel_dump_traceback_later", lambda: calls.append("stopped"))
    guard = Guard(GuardConfig(warn=WARN), alarm=heard)
    guard.dump_stacks()
    with guard:
        await asyncio.sleep(2 * WARN)
        assert set(calls) == {"wound"}
        time.sleep(NAP)
        assert calls[-1] == "stopped"
        await heard.until_free()
        assert calls[-1] == "wound"
    assert calls[-1] == "stopped"


async def test_no_watchdog_where_the_process_is_not_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog.faulthandler, "dump_traceback_later", lambda *_, **__: pytest.fail("is the user's"))
    with Guard(GuardConfig(warn=WARN)):
        await asyncio.sleep(2 * WARN)


# -- of a worker


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with App("shop", broker=f"sqlite:///{tmp_path}/mog.db", guard={"warn": WARN}, grace=0.1) as app:
        yield app


def nap_here() -> None:
    time.sleep(NAP)


def slowly(value: int) -> int:
    nap_here()
    return value


Slow = Annotated[int, AfterValidator(slowly)]


@pytest.fixture(params=["task", "child of a task", "def task"])
def nap(request: pytest.FixtureRequest, app: App) -> tuple[str, bool]:
    """The name of a task, and whether it blocks."""

    @app.task(name="shop.nap")
    async def nap(context: Context) -> None:
        nap_here()

    @app.task(name="shop.nap_in_child")
    async def nap_in_child(context: Context) -> None:
        async def child() -> None:
            nap_here()

        await asyncio.gather(child())

    @app.task(name="shop.nap_in_thread")
    def nap_in_thread(context: Context) -> None:
        nap_here()

    names = {"task": "shop.nap", "child of a task": "shop.nap_in_child", "def task": "shop.nap_in_thread"}
    return names[request.param], request.param != "def task"


async def test_worker_tells_which_task_blocks_its_loop(app: App, nap: tuple[str, bool], heard: Heard) -> None:
    name, blocks = nap
    async with app.worker(alarm=heard) as worker:
        result = await app.submit(name)
        await result
        if blocks:
            await heard.until_free()
        assert (worker.guard.blocked > 0.0) == blocks
    blocked = [news for news in heard.news if isinstance(news, LoopBlocked)]
    assert [news.culprit.who for news in blocked] == [f"{name}[{result.id}]"] * blocks
    assert guards() == 0


async def test_validators_of_arguments_are_a_tasks_code_too(app: App, heard: Heard) -> None:
    @app.task(name="shop.slow")
    async def slow(context: Context, value: Slow) -> None: ...

    async with app.worker(alarm=heard):
        result = await app.submit("shop.slow", 1)
        heard.news.clear()  # of the check at submission, which is this test's
        await result
    blocked = next(news for news in heard.news if isinstance(news, LoopBlocked))
    assert blocked.culprit.run == (result.id, "shop.slow")


async def test_guard_can_be_turned_off(tmp_path: Path) -> None:
    async with App("shop", broker=f"sqlite:///{tmp_path}/mog.db", guard={"enabled": False}) as app, app.worker():
        assert guards() == 0
