"""The witnesses of a chaos run see what they are there to see."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from tests.chaos.deeds import Deeds
from tests.chaos.mix import Order
from tests.chaos.notes import Note
from tests.chaos.oracle import Report, judge
from tests.chaos.sqlite_ledger import SqliteLedger

from mog import App, Context

MAX_RETRIES = 3


class Scene:
    """A store in which one task ran well, and all that was told of it."""

    def __init__(self, ledger: SqliteLedger) -> None:
        self.ledger = ledger
        self.deeds = Deeds()
        self.notes: list[Note] = []

    async def play(self) -> None:
        app = App("scene", broker=f"sqlite:///{self.ledger.path}", concurrency=1)
        await app.connect()
        await app.close()
        self.ledger.install()

        @app.task(name="scene.echo")
        async def echo(context: Context, index: int) -> int:
            return index

        async with app, app.worker():
            request = app.create_request(echo, 7)
            result = await app.submit(request)
            assert await result == 7
        self.deeds.orders = {request.id: Order(request, "noop", 7)}
        self.deeds.submitted_at = {request.id: 0.0}
        self.deeds.answers = {request.id: ("SUCCESS", 7)}
        now = time.time()
        self.notes = [Note(now, "start", request.id, 1, 1, "-"), Note(now + 1, "end", request.id, 1, 1, "-")]

    def tamper(self, script: str) -> None:
        with closing(sqlite3.connect(self.ledger.path)) as connection:
            connection.executescript(script)

    def judge(self) -> Report:
        return judge(self.deeds, self.ledger, self.notes, MAX_RETRIES)


@pytest.fixture
async def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(SqliteLedger(tmp_path / "mog.db"))
    await scene.play()
    yield scene
    scene.ledger.close()


def test_a_good_run_is_found_good(scene: Scene) -> None:
    report = scene.judge()
    assert report.faults == []
    assert (report.tasks, report.runs, report.lost, report.recorded_twice, report.integrity) == (1, 1, 0, 0, "ok")


def test_a_second_end_is_seen(scene: Scene) -> None:
    scene.tamper("UPDATE result SET state = 'SUCCESS'")
    assert scene.judge().recorded_twice == 1


def test_a_forgotten_result_is_seen(scene: Scene) -> None:
    scene.tamper("DELETE FROM result")
    assert any("forgotten" in fault for fault in scene.judge().faults)


def test_a_lost_answer_is_seen(scene: Scene) -> None:
    scene.deeds.answers.clear()
    assert scene.judge().lost == 1


def test_a_wrong_value_is_seen(scene: Scene) -> None:
    [task] = scene.deeds.answers
    scene.deeds.answers[task] = ("SUCCESS", 8)
    assert scene.judge().wrong == 1


def test_rows_left_behind_are_seen(scene: Scene) -> None:
    scene.tamper("INSERT INTO state VALUES (x'00', 'a', x'31')")
    assert scene.judge().left == {"state": 1}


def test_a_stolen_claim_is_seen(scene: Scene) -> None:
    scene.tamper(
        "INSERT INTO message (key, queue, priority, position) VALUES (1, 'q', 5, 1.0);"
        "UPDATE message SET owner = 1; UPDATE message SET owner = 2; DELETE FROM message"
    )
    assert any("stolen" in fault for fault in scene.judge().faults)


def test_a_claim_freed_from_the_living_is_seen(scene: Scene) -> None:
    scene.tamper(
        "INSERT INTO message (key, queue, priority, position) VALUES (1, 'q', 5, 1.0);"
        "UPDATE message SET owner = 1; UPDATE message SET owner = NULL; DELETE FROM message"
    )
    assert any("was not killed" in fault for fault in scene.judge().faults)


def test_two_runs_at_a_time_are_seen(scene: Scene) -> None:
    start, end = scene.notes
    scene.notes = [start, end, replace(start, at=start.at + 0.5, attempt=2, pid=2)]
    assert any("two runs" in fault for fault in scene.judge().faults)


def test_an_item_left_out_is_seen(scene: Scene) -> None:
    [(task, order)] = scene.deeds.orders.items()
    scene.deeds.orders[task] = replace(order, kind="loop", items=2, every=1)
    scene.notes.append(replace(scene.notes[0], event="item", detail="0"))
    assert any("left out: " in fault for fault in scene.judge().faults)


async def family_of(scene: Scene) -> tuple[Note, UUID]:
    """Play a parent that awaits one child; return its note of the child, and the child."""
    app = App("scene", broker=f"sqlite:///{scene.ledger.path}", concurrency=2)

    @app.task(name="scene.child")
    async def child(context: Context) -> int:
        return 1

    @app.task(name="scene.parent")
    async def parent(context: Context) -> str:
        result = await context.submit(child)
        await context.gather(result)
        return str(result.id)

    async with app, app.worker():
        request = app.create_request(parent)
        born = UUID(await (await app.submit(request)))
    scene.deeds.orders[request.id] = Order(request, "gather", 0)
    scene.deeds.answers[request.id] = ("SUCCESS", 0)
    told = Note(time.time(), "children", request.id, 1, 1, f"{born}:SUCCESS:0")
    scene.notes.append(told)
    return told, born


async def test_a_good_family_is_found_good(scene: Scene) -> None:
    await family_of(scene)
    report = scene.judge()
    assert report.faults == []
    assert (report.tasks, report.children) == (2, 1)


async def test_a_lost_child_is_seen(scene: Scene) -> None:
    _, born = await family_of(scene)
    scene.tamper(f"DELETE FROM chaos_event WHERE kind = 'ended' AND hex(task) = '{born.hex.upper()}'")
    assert scene.judge().lost == 1


async def test_a_parent_that_ends_before_its_child_is_seen(scene: Scene) -> None:
    _, born = await family_of(scene)
    scene.tamper(f"UPDATE chaos_event SET seq = seq + 1000 WHERE kind = 'ended' AND hex(task) = '{born.hex.upper()}'")
    assert [fault for fault in scene.judge().faults if "ended before its child" in fault]


async def test_a_child_that_ends_wrongly_is_seen(scene: Scene) -> None:
    told, born = await family_of(scene)
    scene.notes[-1] = replace(told, detail=f"{born}:FAILURE:0")
    assert scene.judge().wrong == 1


async def test_a_child_that_is_called_off_without_reason_is_seen(scene: Scene) -> None:
    told, born = await family_of(scene)
    scene.tamper("UPDATE chaos_event SET detail = 'REVOKED' WHERE parent IS NOT NULL AND kind = 'ended'")
    assert scene.judge().wrong == 1
    scene.notes[-1] = replace(told, detail=f"{born}:SUCCESS:1")
    assert scene.judge().wrong == 0


async def test_the_child_of_a_done_task_that_is_revoked_may_be_called_off(scene: Scene) -> None:
    told, _ = await family_of(scene)
    scene.tamper("UPDATE chaos_event SET detail = 'REVOKED' WHERE parent IS NOT NULL AND kind = 'ended'")
    scene.deeds.revocations = {told.task: "SUCCESS"}
    assert scene.judge().wrong == 0


async def test_a_child_that_nobody_noted_is_seen(scene: Scene) -> None:
    await family_of(scene)
    scene.notes.pop()
    assert [fault for fault in scene.judge().faults if "no run has noted" in fault]
