import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mog import App, Request
from mog.engine.records import Message, NewTask, Record

pytestmark = pytest.mark.usefixtures("dead")

NOWHERE = str(UUID(int=0))
OLDEST, MIDDLE, NEWEST = (str(UUID(int=number)) for number in (1, 2, 3))


@pytest.fixture
def dead(shop: Path, mog: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Three dead letters: two of unknown tasks, in two queues, then one that cannot be read."""

    async def submit() -> None:
        async with App("shop") as app:
            for one, queue in ((OLDEST, "tasks"), (MIDDLE, "slow")):
                await app.submit(Request(id=UUID(one), name="shop.gone", args=("x",), queue_name=queue))
            message = Message(UUID(NEWEST), "shop.tasks", 5, b"no \xff request")
            record = Record(id=message.id, queue=message.queue, created=time.time())
            await app.port().call("results.create", NewTask(record, message, 60))

    asyncio.run(submit())
    monkeypatch.setenv("MOG_UNKNOWN_TASK_GRACE", "0")
    for queue in ("tasks", "slow"):
        assert mog("run", "--once", "--queues", queue, "--log-format", "json").code == 0


def listed(mog: Callable[..., Any], *arguments: str) -> list[str]:
    ended = mog("dead", "list", "--json", *arguments)
    assert ended.code == 0, ended.err
    return [json.loads(line)["id"] for line in ended.out.splitlines()]


def test_list(mog: Callable[..., Any]) -> None:
    heading, *lines = [line.split() for line in mog("dead", "list").out.splitlines()]
    assert heading == ["ID", "TASK", "QUEUE", "REASON", "AGE"]
    assert [MIDDLE, "shop.gone", "slow", "unknown-task"] in [line[:4] for line in lines]
    assert [NEWEST, "tasks", "unreadable"] in [line[:3] for line in lines]


def test_list_by_what_is_wanted(mog: Callable[..., Any]) -> None:
    assert listed(mog)[0] == MIDDLE
    assert set(listed(mog)) == {OLDEST, MIDDLE, NEWEST}
    assert listed(mog, "--queue", "slow") == [MIDDLE]
    assert listed(mog, "--reason", "unreadable") == [NEWEST]
    assert listed(mog, "--limit", "1") == [MIDDLE]
    assert listed(mog, "--limit", "5", "--before", MIDDLE) == listed(mog)[1:]


def test_show(mog: Callable[..., Any]) -> None:
    ended = mog("dead", "show", OLDEST, "--json")
    letter = json.loads(ended.out)
    assert (ended.code, letter["id"], letter["reason"]) == (0, OLDEST, "unknown-task")
    assert letter["request"]["args"] == ["x"]
    assert letter["error"].startswith("UnknownTask: no task is named 'shop.gone'")
    assert "reason   unreadable\n" in mog("dead", "show", NEWEST).out
    assert "request  no \\xff request\n" in mog("dead", "show", NEWEST).out


def test_replay_prints_the_new_ids_alone(mog: Callable[..., Any]) -> None:
    ended = mog("dead", "replay", MIDDLE, OLDEST)
    assert (ended.code, ended.err) == (0, "")
    tasks = [json.loads(mog("tasks", "get", new, "--json").out) for new in ended.out.split()]
    assert [(task["state"], task["queue"], task["metadata"]) for task in tasks] == [
        ("PENDING", "slow", {"mog.retry_of": MIDDLE}),
        ("PENDING", "tasks", {"mog.retry_of": OLDEST}),
    ]
    assert listed(mog) == [NEWEST]


def test_replay_of_all_that_can_be_read(mog: Callable[..., Any]) -> None:
    ended = mog("dead", "replay", "--all")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: this would replay 3 dead letters\n  hint: add --yes if that is meant\n"
    ended = mog("dead", "replay", "--all", "--yes", "--json")
    assert ended.code == 1
    assert {json.loads(line)["retry_of"] for line in ended.out.splitlines()} == {OLDEST, MIDDLE}
    assert ended.err.startswith(f"error: dead letter {NEWEST} stays: the message of task {NEWEST} cannot be submitted")
    assert listed(mog) == [NEWEST]


def test_replay_of_one_reason(mog: Callable[..., Any]) -> None:
    assert len(mog("dead", "replay", "--all", "--queue", "slow", "--reason", "unknown-task", "-y").out.split()) == 1
    assert set(listed(mog)) == {OLDEST, NEWEST}
    ended = mog("dead", "replay", "--all", "--reason", "worker-died")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_drop(mog: Callable[..., Any]) -> None:
    ended = mog("dead", "drop", OLDEST)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: this would drop 1 dead letter\n  hint: add --yes if that is meant\n"
    ended = mog("dead", "drop", OLDEST, "--yes")
    assert (ended.code, ended.out, ended.err) == (0, "", "dropped 1 dead letter\n")
    assert set(listed(mog)) == {MIDDLE, NEWEST}
    assert json.loads(mog("dead", "drop", "--all", "--yes", "--json").out) == {"dropped": 2}
    assert listed(mog) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", NOWHERE], f"there is no dead letter {NOWHERE}"),
        (["show", "7"], "'7' is no task id"),
        (["replay", OLDEST, NOWHERE], f"there is no dead letter {NOWHERE}"),
        (["replay"], "give the ids of dead letters, or --all"),
        (["replay", OLDEST, "--all"], "not both"),
        (["replay", OLDEST, "--queue", "slow"], "go with --all alone"),
        (["drop", OLDEST, NOWHERE, "--yes"], f"there is no dead letter {NOWHERE}"),
        (["drop", "--yes"], "give the ids of dead letters, or --all"),
        (["list", "--limit", "0"], "--limit"),
    ],
)
def test_wrong_use_changes_nothing(mog: Callable[..., Any], arguments: list[str], message: str) -> None:
    before = listed(mog)
    ended = mog("dead", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert listed(mog) == before
