import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

pytestmark = pytest.mark.usefixtures("shop")

NOWHERE = str(UUID(int=0))


def submit(mog: Callable[..., Any], *arguments: str) -> str:
    ended = mog("submit", *arguments)
    assert ended.code == 0, ended.err
    return str(ended.out.strip())


def run_once(mog: Callable[..., Any]) -> None:
    assert mog("run", "--once", "--log-format", "json").code == 0


def test_list_is_newest_first(mog: Callable[..., Any]) -> None:
    ids = [submit(mog, "shop.add", str(number)) for number in range(3)]
    lines = mog("tasks", "list").out.splitlines()
    assert lines[0].split() == ["ID", "TASK", "STATE", "AGE", "DURATION", "ARGUMENTS"]
    assert [line.split()[0] for line in lines[1:]] == ids[::-1]
    assert [line.split()[-1] for line in lines[1:]] == ["2", "1", "0"]


def test_list_by_what_is_wanted(mog: Callable[..., Any]) -> None:
    added, idle = submit(mog, "shop.add", "1"), submit(mog, "shop.nothing")
    run_once(mog)
    failed = submit(mog, "shop.fail", "x")

    def listed(*arguments: str) -> list[str]:
        ended = mog("tasks", "list", "--json", *arguments)
        assert ended.code == 0, ended.err
        return [json.loads(line)["id"] for line in ended.out.splitlines()]

    assert listed("--state", "pending") == [failed]
    assert listed("--state", "SUCCESS", "--state", "PENDING") == [failed, idle, added]
    assert listed("--name", "shop.add") == [added]
    assert listed("--queue", "slow") == [idle]
    assert listed("--limit", "2") == [failed, idle]
    assert listed("--limit", "2", "--before", idle) == [added]


def test_list_refuses_what_is_no_state(mog: Callable[..., Any]) -> None:
    ended = mog("tasks", "list", "--state", "done")
    assert ended.code == 2
    assert "'done' is none of PENDING, RUNNING" in ended.err


def test_list_into_a_reader_that_goes_away(mog: Callable[..., Any], shop: Path) -> None:
    submit(mog, "shop.add", "1")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "mog_cli", "tasks", "list"]
    ended = subprocess.run(command, cwd=shop, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_get_shows_value_and_error(mog: Callable[..., Any]) -> None:
    added, failed = submit(mog, "shop.add", "1"), submit(mog, "shop.fail", "no luck")
    assert json.loads(mog("tasks", "get", added, "--json").out)["state"] == "PENDING"
    run_once(mog)
    task = json.loads(mog("tasks", "get", added, "--json").out)
    assert (task["state"], task["value"], task["starts"], task["stops"]) == ("SUCCESS", 2, 1, 1)
    assert "error" not in task
    ended = mog("tasks", "get", failed)
    assert ended.code == 0
    assert "error       ValueError: no luck\n" in ended.out


@pytest.mark.parametrize("verb", ["get", "wait"])
def test_ids_that_are_unknown_or_none(mog: Callable[..., Any], verb: str) -> None:
    ended = mog("tasks", verb, NOWHERE)
    assert (ended.code, ended.out) == (2, "")
    assert f"no result {NOWHERE}" in ended.err
    ended = mog("tasks", verb, "7")
    assert ended.code == 2
    assert "'7' is no task id" in ended.err


def test_wait_prints_values_in_the_order_given(mog: Callable[..., Any], worker: object) -> None:
    ids = [submit(mog, "shop.add", str(number)) for number in range(3)]
    ended = mog("tasks", "wait", *ids, "--timeout", "30")
    assert (ended.code, ended.out, ended.err) == (0, "1\n2\n3\n", "")


def test_wait_tells_the_worst(mog: Callable[..., Any]) -> None:
    added, failed = submit(mog, "shop.add", "1"), submit(mog, "shop.fail", "no luck")
    run_once(mog)
    waits = submit(mog, "shop.add", "1")
    assert mog("tasks", "wait", added).code == 0
    assert mog("tasks", "wait", added, waits, "--timeout", "10ms").code == 3
    ended = mog("tasks", "wait", failed, waits, added, "--timeout", "10ms")
    assert (ended.code, ended.out) == (1, "2\n")
    assert len(ended.err.splitlines()) == 3
