import json
import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("shop")


def test_no_node(mog: Callable[..., Any]) -> None:
    ended = mog("nodes", "status")
    assert (ended.code, ended.out.split(), ended.err) == (0, ["NODE", "RUNNING", "TASKS"], "")
    assert mog("nodes", "status", "--json").out == ""


def test_a_node_and_what_it_runs(mog: Callable[..., Any], worker: object) -> None:
    (node,) = map(json.loads, mog("nodes", "status", "--json").out.splitlines())
    assert node["running"] == []
    ids = {mog("submit", "shop.steps", "1", "60").out.strip() for _ in range(2)}
    end = time.monotonic() + 30
    while len(node["running"]) < 2 and time.monotonic() < end:
        (node,) = map(json.loads, mog("nodes", "status", "--json").out.splitlines())
    assert {task["id"] for task in node["running"]} == ids
    assert {task["name"] for task in node["running"]} == {"shop.steps"}
    line = mog("nodes", "status").out.splitlines()[1]
    assert line.split(maxsplit=2) == [node["node"], "2", "2 shop.steps"]
    assert mog("tasks", "revoke", *ids, "--yes").code == 0


def test_wrong_use(mog: Callable[..., Any]) -> None:
    ended = mog("nodes", "statu")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: no such command 'statu'")
