"""`mog tasks revoke` and `mog tasks retry`."""

import json
from collections.abc import Callable
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


def state(mog: Callable[..., Any], task_id: str) -> str:
    return str(json.loads(mog("tasks", "get", task_id, "--json").out)["state"])


def test_revoke_calls_a_task_off(mog: Callable[..., Any]) -> None:
    task_id = submit(mog, "shop.add", "1")
    ended = mog("tasks", "revoke", task_id)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[1].split() == [task_id, "shop.add", "REVOKED"]
    run_once(mog)
    assert state(mog, task_id) == "REVOKED"
    assert mog("tasks", "revoke", task_id).code == 0


def test_revoke_of_many_needs_yes_where_nobody_can_be_asked(mog: Callable[..., Any]) -> None:
    ids = [submit(mog, "shop.add", str(number)) for number in range(2)]
    ended = mog("tasks", "revoke", *ids)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: this would call off 2 tasks\n  hint: add --yes if that is meant\n"
    assert state(mog, ids[0]) == "PENDING"
    ended = mog("tasks", "revoke", *ids, "--yes", "--json")
    assert ended.code == 0
    assert list(map(json.loads, ended.out.splitlines())) == [
        {"id": task_id, "name": "shop.add", "state": "REVOKED"} for task_id in ids
    ]


def test_revoke_leaves_what_is_done_save_with_force(mog: Callable[..., Any]) -> None:
    task_id = submit(mog, "shop.add", "1")
    run_once(mog)
    ended = mog("tasks", "revoke", task_id)
    assert ended.code == 1
    assert f"task {task_id} was done before: it is SUCCESS" in ended.err
    assert "--force" in ended.err
    assert mog("tasks", "revoke", task_id, "--force").code == 0
    assert state(mog, task_id) == "REVOKED"


@pytest.mark.parametrize("verb", ["revoke", "retry"])
def test_nothing_is_touched_where_an_id_is_unknown(mog: Callable[..., Any], verb: str) -> None:
    task_id = submit(mog, "shop.fail", "x")
    if verb == "retry":
        run_once(mog)
    before = mog("tasks", "list", "--json").out
    ended = mog("tasks", verb, task_id, NOWHERE)
    assert (ended.code, ended.out) == (2, "")
    assert f"no result {NOWHERE}" in ended.err
    assert mog("tasks", verb, "7").code == 2
    assert mog("tasks", "list", "--json").out == before


def test_retry_prints_the_new_ids_alone(mog: Callable[..., Any]) -> None:
    old = [submit(mog, "shop.fail", str(number)) for number in range(2)]
    run_once(mog)
    ended = mog("tasks", "retry", *old, old[0])
    assert (ended.code, ended.err) == (0, "")
    new = ended.out.split()
    assert len(set(new) | set(old)) == 4
    task = json.loads(mog("tasks", "get", new[1], "--json").out)
    assert (task["state"], task["arguments"], task["metadata"]) == ("PENDING", "'1'", {"mog.retry_of": old[1]})


def test_retry_as_json(mog: Callable[..., Any]) -> None:
    old = submit(mog, "shop.nothing")
    mog("tasks", "revoke", old)
    told = json.loads(mog("tasks", "retry", old, "--json").out)
    assert told.pop("id") != old
    assert told == {"name": "shop.nothing", "state": "PENDING", "queue": "slow", "retry_of": old}


def test_retry_refuses_what_has_not_failed(mog: Callable[..., Any]) -> None:
    failed, added = submit(mog, "shop.fail", "x"), submit(mog, "shop.add", "1")
    run_once(mog)
    waits = submit(mog, "shop.add", "1")
    for other, state, hint in ((added, "SUCCESS", "mog submit"), (waits, "PENDING", f"mog tasks wait {waits}")):
        ended = mog("tasks", "retry", failed, other)
        assert (ended.code, ended.out) == (2, "")
        assert f"task {other} is {state}; only a failed one is submitted once more" in ended.err
        assert hint in ended.err
    assert len(mog("tasks", "list", "--json").out.splitlines()) == 3
