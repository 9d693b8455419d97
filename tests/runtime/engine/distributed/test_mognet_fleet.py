"""One app, two kinds of processes: mog, and the real Mognet 2.0.0. docs/mognet.md lists what is shown here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from mog import Pause
from mog.errors import Revoked
from mog.states import ResultState
from mog.unparking import unpark

from .fleet_tasks import ID, NOON, VALUES, Point
from .mognet_fleet import Fleet

pytestmark = pytest.mark.timeout(300)  # the first may have to install Mognet

# -- values


@pytest.mark.parametrize("what", VALUES)
async def test_mognet_publishes_and_mog_works(fleet: Fleet, what: str) -> None:
    async with fleet.worker():
        state, type_name, text = await fleet.mognet.outcome(await fleet.mognet.submit("mog.make", what))
    assert (state, type_name, text) == ("SUCCESS", type(VALUES[what]).__name__, str(VALUES[what]))


@pytest.mark.parametrize("what", VALUES)
async def test_mog_publishes_and_mognet_works(fleet: Fleet, what: str) -> None:
    value = await (await fleet.submit("mognet.make", what))
    assert (type(value), value) == (type(VALUES[what]), VALUES[what])


async def test_arguments_arrive_as_what_the_task_declares(fleet: Fleet) -> None:
    expected = f"{Point(x=1)!r} {NOON.isoformat()} {ID} ['a', 'b']"
    by_mog = await fleet.submit("mognet.take", Point(x=1), NOON, ID, kwargs={"tags": {"a", "b"}})
    assert await by_mog == expected
    async with fleet.worker():
        arguments = ({"x": 1}, NOON.isoformat(), str(ID))
        by_mognet = await fleet.mognet.submit("mog.take", *arguments, kwargs={"tags": ["a", "b"]})
        assert await fleet.mognet.outcome(by_mognet) == ["SUCCESS", "str", expected]


# -- children


@pytest.mark.parametrize("way", ["ask", "wait"])
async def test_a_parent_of_mogs_has_a_child_of_mognets(fleet: Fleet, way: str) -> None:
    async with fleet.worker():
        result = await fleet.submit(f"mog.{way}", "mognet.make", "int")
        assert await result == (7 if way == "ask" else [7])
        [child] = await result.children.results()
        assert (child.name, child.parent_id) == ("mognet.make", result.id)


@pytest.mark.parametrize("way", ["ask", "wait"])
async def test_a_parent_of_mognets_has_a_child_of_mogs(fleet: Fleet, way: str) -> None:
    async with fleet.worker():
        result = await fleet.submit(f"mognet.{way}", "mog.make", "int")
        assert await result == (7 if way == "ask" else [7])
        [child] = await result.children.results()
        assert (child.name, child.parent_id) == ("mog.make", result.id)


# -- revoked


async def test_mog_revokes_what_runs_on_mognet(fleet: Fleet) -> None:
    result = await fleet.submit("mognet.sleep", 30)
    await fleet.noted("mognet", "asleep")
    await result.revoke()
    await fleet.noted("mognet", "cancelled")
    with pytest.raises(Revoked):
        await result


async def test_mognet_revokes_what_runs_on_mog(fleet: Fleet) -> None:
    async with fleet.worker():
        id_ = await fleet.mognet.submit("mog.sleep", 30)
        await fleet.noted("mog", "asleep")
        await fleet.mognet.revoke(id_)
        await fleet.noted("mog", "cancelled")
        assert await fleet.state(id_) is ResultState.REVOKED


async def test_mog_revokes_a_parent_that_waits_on_mognet(fleet: Fleet) -> None:
    async with fleet.worker():
        parent = await fleet.submit("mognet.wait", "mog.sleep", 30)
        await fleet.noted("mog", "asleep")
        await parent.revoke()
        await fleet.noted("mognet", "cancelled")
        await fleet.noted("mog", "cancelled")
        [child] = await parent.children.results()
        assert (parent.state, child.state) == (ResultState.REVOKED, ResultState.REVOKED)


async def test_mognet_revokes_a_parent_that_waits_on_mog(fleet: Fleet) -> None:
    async with fleet.worker():
        parent = await fleet.app.result(await fleet.mognet.submit("mog.wait", "mognet.sleep", 30))
        await fleet.noted("mognet", "asleep")
        await fleet.mognet.revoke(str(parent.id))
        await fleet.noted("mognet", "cancelled")
        await fleet.noted("mog", "cancelled")
        [child] = await parent.children.results()
        assert (await fleet.state(parent.id), child.state) == (ResultState.REVOKED, ResultState.REVOKED)


async def test_what_mog_revokes_before_the_start_never_starts_on_mognet(fleet: Fleet) -> None:
    await fleet.mognet.rest()
    result = await fleet.submit("mognet.note", 1)
    await result.revoke()
    await fleet.mognet.begin(concurrency=1)
    await (await fleet.submit("mognet.note", 2, priority=0))
    assert await fleet.mognet.notes() == ["2"]
    assert (result.state, result.number_of_starts) == (ResultState.REVOKED, 0)


async def test_what_mognet_revokes_before_the_start_never_starts_on_mog(fleet: Fleet) -> None:
    id_ = await fleet.mognet.submit("mog.note", 1)
    await fleet.mognet.revoke(id_)
    async with fleet.worker(concurrency=1):
        await fleet.mognet.outcome(await fleet.mognet.submit("mog.note", 2, priority=0))
    assert fleet.side.notes == ["2"]
    assert await fleet.state(id_) is ResultState.REVOKED
    assert await fleet.mognet.outcome(id_) == ["REVOKED", "Revoked", "Result"]


# -- pauses, deadlines


async def test_what_pauses_on_mognet_goes_on_on_mog(fleet: Fleet) -> None:
    result = await fleet.submit("pause")
    await fleet.suspended(result.id)
    async with fleet.worker():
        assert await result == ["mognet", "mog"]


async def test_what_pauses_on_mog_goes_on_on_mognet(fleet: Fleet) -> None:
    await fleet.mognet.rest()
    id_ = await fleet.mognet.submit("pause")
    async with fleet.worker() as worker:

        async def stop() -> None:
            worker.stopping.set()

        fleet.side.before_pause = stop
        await worker.stopping.wait()
    assert await fleet.state(id_) is ResultState.SUSPENDED
    await fleet.mognet.begin()
    assert await fleet.mognet.outcome(id_) == ["SUCCESS", "list", "['mog', 'mognet']"]


def deadline_in(kind: str, seconds: float) -> timedelta | datetime:
    length = timedelta(seconds=seconds)
    if kind == "timedelta":
        return length
    return (datetime.now(UTC) if kind == "aware" else datetime.now()) + length


DEADLINES = [("timedelta", 0.5), ("aware", 1.5), ("naive", 1.5), ("aware", -1.0), ("naive", -1.0)]


@pytest.mark.parametrize(("kind", "seconds"), DEADLINES)
async def test_deadlines_of_mogs_hold_on_mognet(fleet: Fleet, kind: str, seconds: float) -> None:
    result = await fleet.submit("mognet.sleep", 30, deadline=deadline_in(kind, seconds))
    with pytest.raises(Revoked):
        await result
    assert await fleet.mognet.notes() == (["asleep", "cancelled"] if seconds > 0 else [])


@pytest.mark.parametrize(("kind", "seconds"), DEADLINES)
async def test_deadlines_of_mognets_hold_on_mog(fleet: Fleet, kind: str, seconds: float) -> None:
    async with fleet.worker():
        id_ = await fleet.mognet.submit("mog.sleep", 30, deadline=[kind, seconds])
        assert await fleet.mognet.outcome(id_) == ["REVOKED", "Revoked", "Result"]
    assert fleet.side.notes == (["asleep", "cancelled"] if seconds > 0 else [])


async def test_a_deadline_that_is_kept_harms_nobody(fleet: Fleet) -> None:
    assert await (await fleet.submit("mognet.sleep", 0, deadline=deadline_in("naive", 20))) == "slept"
    async with fleet.worker():
        id_ = await fleet.mognet.submit("mog.sleep", 0, deadline=["naive", 20])
        assert await fleet.mognet.outcome(id_) == ["SUCCESS", "str", "slept"]


# -- metadata, nodes, priority


async def test_metadata_of_mogs(fleet: Fleet) -> None:
    result = await fleet.submit("mognet.about", metadata={"order": 7, "who": "Ünal"})
    assert await result == {"order": 7, "who": "Ünal"}
    expected = {"order": 7, "who": "Ünal", "seen": "mognet"}
    assert (await result.get_metadata(), await fleet.mognet.metadata(str(result.id))) == (expected, expected)


async def test_metadata_of_mognets(fleet: Fleet) -> None:
    async with fleet.worker():
        id_ = await fleet.mognet.submit("mog.about", metadata={"order": 7, "who": "Ünal"})
        await fleet.mognet.outcome(id_)
    expected = {"order": 7, "who": "Ünal", "seen": "mog"}
    assert (await fleet.app.get_metadata(UUID(id_)), await fleet.mognet.metadata(id_)) == (expected, expected)


async def test_each_side_tells_the_other_what_it_runs(fleet: Fleet) -> None:
    async with fleet.worker():
        tasks = [await fleet.submit(f"{side}.sleep", 30) for side in ("mog", "mognet")]
        for side in ("mog", "mognet"):
            await fleet.noted(side, "asleep")
        told_mog = {node.node_id: [*map(str, node.running)] async for node in fleet.app.get_current_status_of_nodes()}
        told_mognet = await fleet.mognet.nodes(2)
        assert told_mog == told_mognet
        assert told_mog[fleet.app.config.node_id] == [str(tasks[0].id)]
        assert sorted(told_mog.values()) == sorted([[str(task.id)] for task in tasks])
        for task in tasks:
            await task.revoke()


PRIORITIES = (1, 9, 5)


async def test_priorities_of_mogs_count_on_mognet(fleet: Fleet) -> None:
    await fleet.mognet.begin(concurrency=1)
    first = await fleet.submit("mognet.sleep", 30)
    await fleet.noted("mognet", "asleep")
    results = [await fleet.submit("mognet.note", priority, priority=priority) for priority in PRIORITIES]
    await first.revoke()
    for result in results:
        await result
    assert await fleet.mognet.notes() == ["asleep", "cancelled", "9", "5", "1"]


async def test_priorities_of_mognets_count_on_mog(fleet: Fleet) -> None:
    ids = [await fleet.mognet.submit("mog.note", priority, priority=priority) for priority in PRIORITIES]
    async with fleet.worker(concurrency=1):
        for id_ in ids:
            await fleet.mognet.outcome(id_)
    assert fleet.side.notes == ["9", "5", "1"]


# -- the way back


async def test_what_waits_in_the_store_of_mogs_goes_on_on_mognet(fleet: Fleet) -> None:
    fleet.side.pause = lambda: Pause(3600)
    delayed = await fleet.submit("mognet.about", metadata={"order": 7}, delay=timedelta(hours=1))
    await fleet.mognet.rest()
    paused = await fleet.submit("pause")
    async with fleet.worker():
        await fleet.suspended(paused.id)
    unparked = await unpark(fleet.app)
    assert (unparked.published, unparked.held) == ({"both": 1, "mognet": 1}, 0)
    await fleet.mognet.begin()
    assert await delayed == {"order": 7}
    assert await paused == ["mog", "mognet"]
    assert await delayed.get_metadata() == {"order": 7, "seen": "mognet"}
