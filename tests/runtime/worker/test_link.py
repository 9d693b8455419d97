"""The worker's end of the line to its supervisor."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from mog import App, ResultState
from mog.worker.events import TaskEnded, WorkerStarted
from mog.worker.link import Link, line


@dataclass
class FakeControls:
    patience: float = 31.0
    calls: list[str] = field(default_factory=list)

    def stop(self) -> None:
        self.calls.append("stop")

    def leave(self) -> None:
        self.calls.append("leave")


class Side:
    """A link, and the supervisor's end of it."""

    def __init__(self, **options: Any) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(10)
        self.descriptor = theirs.detach()
        self.link = Link(self.descriptor, **options)
        self.controls = FakeControls()
        self.link.controls = self.controls
        self.lines = self.socket.makefile("rb")
        self.link.start()

    def say(self, word: str, **more: Any) -> None:
        self.socket.sendall(line(word, **more))

    def hear(self) -> dict[str, Any]:
        heard: dict[str, Any] = json.loads(self.lines.readline())
        return heard

    def close(self) -> None:
        self.link.stop()
        self.lines.close()
        self.socket.close()


Make = Callable[..., Side]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    sides: list[Side] = []

    def begin(**options: Any) -> Side:
        sides.append(Side(**options))
        return sides[-1]

    yield begin
    for side in sides:
        side.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def test_words_are_obeyed(make: Make) -> None:
    side = make()
    for word in ("stop", "stop", "leave"):
        side.say(word)
    await until(lambda: len(side.controls.calls) == 3)
    assert side.controls.calls == ["stop", "stop", "leave"]


async def test_end_of_the_line_is_a_stop(make: Make) -> None:
    side = make()
    side.lines.close()
    side.socket.close()
    await until(lambda: side.controls.calls)
    assert side.controls.calls == ["stop"]


async def test_ready_tells_how_long_an_end_may_take(make: Make) -> None:
    side = make()
    side.link.observer(None)(WorkerStarted(("tasks",), 10))
    assert side.hear() == {"say": "ready", "patience": 31.0}


async def test_spent_after_its_share_of_tasks_and_only_once(make: Make) -> None:
    side = make(max_tasks=2)
    told: list[object] = []
    observer = side.link.observer(told.append)
    for _ in range(5):
        observer(TaskEnded(uuid4(), "t", ResultState.SUCCESS, 0.1, 1))
    observer(WorkerStarted(("tasks",), 10))
    assert side.hear()["say"] == "spent"
    assert side.hear()["say"] == "ready"
    assert len(told) == 6


async def test_reports_are_answers(make: Make) -> None:
    side = make()
    side.link.vitals.attend(App("shop", broker="memory://"))
    side.say("ask", question=7, depths=False)
    heard = side.hear()
    assert (heard["say"], heard["question"]) == ("report", 7)
    assert (heard["report"]["app"], heard["report"]["problem"]) == ("shop", "it is starting")
    assert heard["report"]["pid"] == os.getpid()


async def test_last_word_is_a_report(make: Make) -> None:
    side = make()
    side.link.observe(TaskEnded(uuid4(), "t", ResultState.SUCCESS, 0.1, 1))
    side.link.stop()
    heard = side.hear()
    assert heard["report"]["tally"]["ended"] == {"(unknown)": {"SUCCESS": 1}}
    assert side.lines.readline() == b"", "and the line is closed"


async def test_descriptor_is_not_passed_on(make: Make) -> None:
    side = make()
    assert not os.get_inheritable(side.descriptor)


async def test_forked_child_does_not_hold_the_line(make: Make) -> None:
    side = make()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # the test must not go on in here, whatever happens
        try:
            os.fstat(side.descriptor)
            os.write(write, b"held")
        except OSError:
            os.write(write, b"let go")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    with os.fdopen(read, "rb") as reader:
        os.close(write)
        assert reader.read() == b"let go"
    side.say("stop")
    await until(lambda: side.controls.calls)
