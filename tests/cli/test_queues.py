import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("shop")


def depths(mog: Callable[..., Any]) -> dict[str, tuple[int, int, int]]:
    found = map(json.loads, mog("queues", "status", "--json").out.splitlines())
    return {depth["name"]: (depth["ready"], depth["delayed"], depth["running"]) for depth in found}


def test_status_counts(mog: Callable[..., Any]) -> None:
    mog("submit", "shop.add", "1")
    mog("submit", "shop.add", "1", "--delay", "1h")
    mog("submit", "shop.nothing")
    assert depths(mog) == {"slow": (1, 0, 0), "tasks": (1, 1, 0)}
    lines = mog("queues", "status").out.splitlines()
    assert [line.split() for line in lines] == [
        ["QUEUE", "READY", "DELAYED", "RUNNING"],
        ["slow", "1", "0", "0"],
        ["tasks", "1", "1", "0"],
    ]


def test_purge_needs_yes_where_nobody_can_be_asked(mog: Callable[..., Any]) -> None:
    mog("submit", "shop.add", "1")
    mog("submit", "shop.add", "1", "--delay", "1h")
    ended = mog("queues", "purge")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: this would drop 2 waiting tasks of queues slow, tasks\n  hint: add --yes if that is meant\n"
    )
    assert depths(mog)["tasks"] == (1, 1, 0)


def test_purge_drops_what_waits(mog: Callable[..., Any]) -> None:
    dropped = mog("submit", "shop.add", "1").out.strip()
    mog("submit", "shop.nothing")
    ended = mog("queues", "purge", "tasks", "--yes", "--json")
    assert (ended.code, json.loads(ended.out)) == (0, {"tasks": 1})
    assert depths(mog) == {"slow": (1, 0, 0), "tasks": (0, 0, 0)}
    assert json.loads(mog("tasks", "get", dropped, "--json").out)["state"] == "REVOKED"
    assert mog("queues", "purge", "--yes").out.splitlines()[1].split() == ["slow", "1"]


def test_purge_of_a_queue_that_is_not_there(mog: Callable[..., Any]) -> None:
    ended = mog("queues", "purge", "taks", "--yes")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: app 'shop' has no queue 'taks'; it has slow, tasks\n"
