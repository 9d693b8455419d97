"""The supervisor with stand-ins for workers: small programs that know its line and do as a test says."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from mog.worker import fleet, supervisor
from mog.worker.process_events import (
    GaveUp,
    ProcessDied,
    ProcessEvent,
    ProcessKilled,
    ProcessReplaced,
    SourcesChanged,
    SupervisorStarted,
    SupervisorStopping,
    WaitingForChange,
)
from mog.worker.supervisor import Supervisor

E = TypeVar("E", bound=ProcessEvent)

STAND_IN = """
import json, os, pathlib, signal, socket, sys, time

descriptor, _, number = sys.argv[-1].partition(":")
line = socket.socket(fileno=int(descriptor))
here = pathlib.Path(sys.argv[1])

def say(word, **more):
    line.sendall(json.dumps({"say": word, **more}).encode() + b"\\n")

def note(text):
    with (here / "notes").open("a") as notes:
        notes.write(f"{number} {os.getpid()} {text}\\n")

def begin():
    note("ready")
    say("ready", patience=PATIENCE)

def heard():
    with line.makefile() as lines:
        for text in lines:
            word = json.loads(text)
            note(word["say"])
            yield word
    note("alone")

def obey(word):
    if word["say"] in ("stop", "leave"):
        sys.exit(0)
    if word["say"] == "ask":
        ended = int(pathlib.Path(here / "ended").read_text()) if (here / "ended").exists() else 0
        tally = {"ended": {"t": {"SUCCESS": ended}}, "durations": {}}
        report = dict(pid=os.getpid(), app="a", started=0.0, problem=PROBLEM, running=2, lag=0.5,
                      blocked=0.0, cpu=1.0, memory=9, tally=tally,
                      depths=[dict(name="q", ready=3)] if word["depths"] else [])
        say("report", question=word["question"], report=report)

PATIENCE, PROBLEM = 5.0, None
"""

GOOD = "begin()\nfor word in heard(): obey(word)"


class Scene:
    """A supervisor in this process, what it has told, and what its processes have noted."""

    def __init__(self, directory: Path, script: str, **options: Any) -> None:
        self.directory = directory
        self.script = directory / "stand_in.py"
        self.script.write_text(STAND_IN + script)
        self.events: list[ProcessEvent] = []
        command = [sys.executable, "-S", "-E", str(self.script), str(directory)]
        self.supervisor = Supervisor(command, observer=self.events.append, **options)
        self.running = asyncio.ensure_future(self.supervisor.run())

    async def until(self, condition: Callable[[], Any], what: str) -> Any:
        try:
            async with asyncio.timeout(20):
                while not (found := condition()):
                    assert not self.running.done() or condition(), f"the supervisor ended before {what}: {self.events}"
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"waited in vain until {what}: {self.events}, {self.notes()}") from None
        return found

    async def told(self, kind: type[E], count: int = 1) -> list[E]:
        return await self.until(lambda: found if len(found := self.all(kind)) >= count else None, f"{kind} is told")

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def notes(self, *texts: str) -> list[tuple[int, int, str]]:
        """Number, process id and text of what the processes have noted, all or only those texts."""
        with suppress(FileNotFoundError):
            split = [line.split(" ", 2) for line in (self.directory / "notes").read_text().splitlines()]
            return [(int(number), int(pid), text) for number, pid, text in split if not texts or text in texts]
        return []

    async def noted(self, text: str, count: int = 1) -> list[tuple[int, int, str]]:
        return await self.until(lambda: found if len(found := self.notes(text)) >= count else None, f"{text} is noted")

    async def all_ready(self, count: int) -> None:
        await self.until(
            lambda: sum(place.current is not None for place in self.supervisor.fleet.places) == count, "all are ready"
        )

    def signal(self, signum: signal.Signals = signal.SIGTERM) -> None:
        assert self.all(SupervisorStarted), "it would end the tests"
        assert not self.running.done()
        signal.raise_signal(signum)

    async def ended(self) -> int:
        async with asyncio.timeout(20):
            return await self.running


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Callable[..., Scene]]:
    scenes: list[Scene] = []

    def make(script: str = GOOD, **options: Any) -> Scene:
        scenes.append(Scene(tmp_path, script, **options))
        return scenes[-1]

    yield make
    for made in scenes:
        if not made.running.done():
            made.supervisor._asked.set()
        while not made.running.done():
            for child in made.supervisor.fleet.children:
                child.kill()
            await asyncio.wait([made.running], timeout=0.05)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays that no test wants to wait for."""
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_DELAY", 0.04)


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


Make = Callable[..., Scene]


async def test_places_are_filled_and_emptied(scene: Make) -> None:
    made = scene(processes=3)
    await made.all_ready(3)
    ready = made.notes("ready")
    assert sorted(number for number, _, _ in ready) == [1, 2, 3]
    assert ready[0][0] == 1, "the first goes ahead"
    made.signal()
    assert await made.ended() == 0
    assert len(made.notes("stop")) == 3
    assert not [pid for _, pid, _ in ready if alive(pid)]
    assert [type(event) for event in made.events] == [SupervisorStarted, SupervisorStopping]


@pytest.mark.usefixtures("quick")
async def test_dead_process_is_replaced(scene: Make) -> None:
    made = scene(processes=2)
    await made.all_ready(2)
    [(_, pid, _)] = [note for note in made.notes("ready") if note[0] == 2]
    os.kill(pid, signal.SIGKILL)
    [died] = await made.told(ProcessDied)
    assert (died.process, died.pid, died.code, died.delay) == (2, pid, -signal.SIGKILL, 0.01)
    await made.noted("ready", 3)
    await made.all_ready(2)
    assert made.supervisor.fleet.restarts == 1
    made.signal()
    assert await made.ended() == 0


@pytest.mark.usefixtures("quick")
async def test_delays_double_up_to_a_bound_and_it_gives_up_in_the_end(scene: Make) -> None:
    made = scene("begin()\nsys.exit(7)", processes=1)
    assert await made.ended() == 7
    assert [died.delay for died in made.all(ProcessDied)] == [0.01, 0.02, 0.04, 0.04, None]
    assert made.events[-1] == GaveUp(7)


@pytest.mark.usefixtures("quick")
async def test_others_end_in_good_order_when_it_gives_up(scene: Make) -> None:
    made = scene(f"if number == '2': os.kill(os.getpid(), signal.SIGKILL)\n{GOOD}", processes=2)
    assert await made.ended() == 1
    assert [died.process for died in made.all(ProcessDied)] == [2] * 5
    assert [number for number, _, _ in made.notes("stop")] == [1]


@pytest.mark.usefixtures("quick")
async def test_a_good_life_starts_the_delays_anew(scene: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GOOD_LIFE", 0.0)
    made = scene("begin()\nsys.exit(7)", processes=1)
    assert await made.ended() == 7
    assert [died.delay for died in made.all(ProcessDied)] == [0.01] * 4 + [None]


@pytest.mark.usefixtures("quick")
async def test_deaths_long_ago_do_not_count(scene: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "DEATHS_WINDOW", 0.0)
    made = scene("begin()\nsys.exit(7)", processes=1)
    assert len(await made.told(ProcessDied, 8)) >= 8
    made.signal()
    assert await made.ended() == 0


async def test_wrong_use_is_told_once_and_ends_it(scene: Make) -> None:
    made = scene("note('tried')\nsys.exit(2)", processes=4)
    assert await made.ended() == 2
    assert [number for number, _, _ in made.notes("tried")] == [1]
    assert made.events[-1] == GaveUp(2)


@pytest.mark.usefixtures("quick")
async def test_wrong_use_after_a_good_start_is_tried_again(scene: Make) -> None:
    made = scene(f"if notes_before := (here / 'notes').exists(): note('late'); sys.exit(2)\n{GOOD}")
    [(_, pid, _)] = await made.noted("ready")
    os.kill(pid, signal.SIGKILL)
    assert len(await made.noted("late", 2)) >= 2


@pytest.mark.usefixtures("quick")
async def test_a_worker_that_was_asked_to_end_by_others_is_replaced(scene: Make) -> None:
    made = scene("signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n" + GOOD)
    [(_, pid, _)] = await made.noted("ready")
    await made.all_ready(1)
    os.kill(pid, signal.SIGTERM)
    [died] = await made.told(ProcessDied)
    assert died.code == 0
    await made.noted("ready", 2)


# -- once


async def test_once_ends_when_all_have_ended(scene: Make) -> None:
    made = scene("begin()\nnote('worked')", processes=3, once=True)
    assert await made.ended() == 0
    assert len(made.notes("worked")) == 3
    assert not made.all(ProcessDied)


@pytest.mark.usefixtures("quick")
async def test_once_replaces_what_dies(scene: Make) -> None:
    crash = "if not (here / 'crashed').exists(): (here / 'crashed').touch(); os.abort()\nnote('worked')"
    made = scene(f"begin()\n{crash}", once=True)
    assert await made.ended() == 0
    assert len(made.notes("worked")) == 1


# -- the end


async def test_second_signal_ends_at_once(scene: Make) -> None:
    made = scene("begin()\nfor word in heard():\n  if word['say'] == 'leave': sys.exit(143)", processes=2)
    await made.all_ready(2)
    made.signal()
    await made.noted("stop", 2)
    made.signal(signal.SIGINT)
    assert await made.ended() == 128 + signal.SIGTERM
    assert len(made.notes("leave")) == 2
    assert not made.all(ProcessKilled)


async def test_what_does_not_end_is_killed(scene: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "MARGIN", 0.05)
    made = scene("PATIENCE = 0.05\nbegin()\nfor word in heard(): pass")
    await made.all_ready(1)
    made.signal()
    assert await made.ended() == 128 + signal.SIGTERM
    assert [text for _, _, text in made.notes()] == ["ready", "stop", "leave"]
    assert len(made.all(ProcessKilled)) == 1


async def test_stop_before_a_worker_takes_tasks(scene: Make) -> None:
    made = scene("note('here')\nfor word in heard(): obey(word)", processes=2)
    await made.noted("here")
    made.signal()
    assert await made.ended() == 0


async def test_the_end_of_the_line_is_the_end_of_the_supervisor(scene: Make) -> None:
    """A killed supervisor cannot be had within this process; what its workers see of that is the end of their line."""
    made = scene()
    await made.all_ready(1)
    [child] = made.supervisor.fleet.children
    child._listening.cancel()
    await made.noted("alone")


# -- succession


ONE_IS_SPENT = "begin()\nif not (here / 'spent').exists(): (here / 'spent').touch(); say('spent')\n"


async def test_successor_takes_tasks_before_the_old_one_ends(scene: Make) -> None:
    made = scene(ONE_IS_SPENT + "for word in heard(): obey(word)")
    [replaced] = await made.told(ProcessReplaced)
    await made.noted("stop")
    first, second, stop = made.notes()
    assert (first[1], second[1]) == (replaced.pid, replaced.successor)
    assert (second[2], stop[2], stop[1]) == ("ready", "stop", replaced.pid)
    await made.until(lambda: not alive(replaced.pid), "the old one has ended")
    assert not made.all(ProcessDied)
    made.signal()
    assert await made.ended() == 0


@pytest.mark.usefixtures("quick")
async def test_old_one_works_on_while_its_successor_does_not_come_up(scene: Make) -> None:
    failing = "if (here / 'spent').exists() and not (here / 'failed').exists(): (here / 'failed').touch(); os.abort()\n"
    made = scene(failing + ONE_IS_SPENT + "for word in heard(): obey(word)")
    [replaced] = await made.told(ProcessReplaced)
    [died] = made.all(ProcessDied)
    assert died.pid not in (replaced.pid, replaced.successor)


async def test_old_one_that_does_not_end_is_killed(scene: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "MARGIN", 0.05)
    made = scene("PATIENCE = 0.05\n" + ONE_IS_SPENT + "for word in heard(): pass")
    [replaced] = await made.told(ProcessReplaced)
    await made.until(lambda: not alive(replaced.pid), "the old one is gone")


# -- reload


async def test_reload_begins_anew_with_a_change(scene: Make, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    made = scene(sources=[sources], processes=2)
    await made.all_ready(2)
    await write(sources / "a.py", made)
    [changed, *_] = await made.told(SourcesChanged)
    assert changed.files == (str(sources / "a.py"),)
    await made.noted("ready", 4)
    await made.all_ready(2)
    made.signal()
    assert await made.ended() == 0
    assert len(made.notes("stop")) == 4
    assert not made.all(ProcessDied)


async def test_reload_waits_for_a_change_where_sources_do_not_run(scene: Make, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    made = scene(f"if not (here / 'mended').exists(): sys.exit(2)\n{GOOD}", sources=[sources])
    await made.told(WaitingForChange)
    assert [died.delay for died in made.all(ProcessDied)] == [None]
    (tmp_path / "mended").touch()
    await write(sources / "a.py", made)
    await made.noted("ready")
    made.signal()
    assert await made.ended() == 0


async def test_reload_waits_for_a_change_where_workers_keep_dying(scene: Make, tmp_path: Path, quick: None) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    made = scene("begin()\nsys.exit(1)", sources=[sources])
    await made.told(WaitingForChange)
    assert len(made.all(ProcessDied)) == 5
    made.signal()
    assert await made.ended() == 0


async def write(file: Path, made: Scene) -> None:
    """Write until it is seen: the watch may begin a moment after the workers."""
    before = len(made.all(SourcesChanged))
    async with asyncio.timeout(20):
        while len(made.all(SourcesChanged)) == before:
            file.write_text(f"# {asyncio.get_running_loop().time()}\n")
            await asyncio.sleep(0.5)


# -- health


async def test_ready_when_each_place_has_a_process_that_is(scene: Make) -> None:
    made = scene("PROBLEM = 'it is tired' if number == '2' else None\n" + GOOD, processes=2)
    await made.all_ready(2)
    assert await made.supervisor.fleet.problems() == ["process 2: it is tired"]


async def test_not_ready_while_a_process_is_missing_or_silent(scene: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mog.worker.child.ASK_TIME", 0.05)
    made = scene("note('quiet') if number == '2' else begin()\nfor word in heard(): pass", processes=2)
    await made.noted("quiet")
    assert await made.supervisor.fleet.problems() == ["process 1 does not answer", "process 2 is starting"]


async def test_not_ready_while_it_stops(scene: Make) -> None:
    made = scene("begin()\nfor word in heard():\n  if word['say'] == 'leave': sys.exit(1)")
    await made.all_ready(1)
    made.signal()
    await made.noted("stop")
    assert await made.supervisor.fleet.problems() == ["the supervisor is stopping"]


@pytest.mark.usefixtures("quick")
async def test_counters_outlive_processes(scene: Make, tmp_path: Path) -> None:
    (tmp_path / "ended").write_text("5")
    made = scene(processes=2)
    await made.all_ready(2)
    figures = await made.supervisor.fleet.figures()
    assert figures.tally.ended == {"t": {"SUCCESS": 10}}
    assert [(depth.name, depth.ready) for depth in figures.depths] == [("q", 3)]
    (tmp_path / "ended").write_text("1")
    os.kill(figures.reports[1].pid, signal.SIGKILL)
    await made.noted("ready", 3)
    await made.all_ready(2)
    figures = await made.supervisor.fleet.figures()
    assert figures.tally.ended == {"t": {"SUCCESS": 7}}, "5 of the dead, 1 of each that lives"
    assert (figures.restarts, figures.app, set(figures.reports)) == (1, "a", {1, 2})
