import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

pytestmark = pytest.mark.usefixtures("shop")

ID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def run_once(mog: Callable[..., Any]) -> None:
    assert mog("run", "--once", "--log-format", "json").code == 0


def known(mog: Callable[..., Any], task_id: str = ID) -> dict[str, Any]:
    return dict(json.loads(mog("tasks", "get", task_id, "--json").out))


def test_prints_the_id_alone(mog: Callable[..., Any]) -> None:
    ended = mog("submit", "shop.add", "2", "40")
    assert (ended.code, ended.err) == (0, "")
    assert str(UUID(ended.out.strip())) == ended.out.strip()
    assert known(mog, ended.out.strip())["state"] == "PENDING"


def test_json_tells_what_was_submitted(mog: Callable[..., Any]) -> None:
    ended = mog("submit", "shop.nothing", "--id", ID, "--json")
    assert json.loads(ended.out) == {"id": ID, "name": "shop.nothing", "queue": "slow"}


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["shop.add", "2", "40"], 42),
        (["shop.add", "a=2", "b=40"], 42),
        (["shop.add", "2"], 3),
        (["shop.add", "-2", "--", "-3"], -5),
        (["shop.add", "--args", "[2, 40]"], 42),
        (["shop.add", "--kwargs", '{"a": 2}', "b=3"], 5),
        (["shop.greet", "Bob", "loud=true"], "hello Bob!"),
        (["shop.greet", "5550123"], "hello 5550123"),
        (["shop.greet", "name=true"], "hello true"),
        (["shop.greet", '"5"'], "hello 5"),
        (["shop.greet", "https://host/?q=1"], "hello https://host/?q=1"),
        (["shop.join", "a", "1", "true"], "a-1-true"),
        (["shop.nothing"], None),
    ],
)
def test_arguments_arrive_in_their_types(mog: Callable[..., Any], arguments: list[str], value: object) -> None:
    ended = mog("submit", "--id", ID, *arguments)
    assert ended.code == 0, ended.err
    run_once(mog)
    assert known(mog)["value"] == value


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["shop.ad", "1"], "no task is named 'shop.ad'; did you mean 'shop.add'?", ""),
        (["shop.add", "x"], "a: Input should be a valid integer", "shop.add(a: int, b: int = 1)"),
        (["shop.add"], "a: required, but not given", "shop.add(a: int, b: int = 1)"),
        (["shop.add", "1", "2", "3"], "one argument too many", "shop.add(a: int, b: int = 1)"),
        (["shop.greet", "Bob", "lout=true"], "did you mean 'loud'?", "shop.greet(name: str, *, loud: bool = False)"),
        (["shop.add", "1", "a=2"], "a: given twice", ""),
        (["shop.add", "a=1", "a=2"], "a is given twice", "mog submit --help"),
        (["shop.add", "1", "--timeout", "5"], "--timeout: goes with --wait alone", ""),
        (["shop.add", "1", "--delay", "5", "--at", "2030-01-01"], "either --delay or --at", ""),
        (["shop.add", "1", "--delay", "soon"], "no length of time", ""),
        (["shop.add", "1", "--at", "soon"], "no time", ""),
        (["shop.add", "1", "--priority", "11"], "--priority", ""),
        (["shop.add", "1", "--metadata", "k"], "key=value", ""),
        (["shop.add", "1", "--id", "7"], "no task id", ""),
        (["shop.add", "-1", "--priorty", "3"], "no such option: --priorty", "mog submit --help"),
        (["shop.add", "-x"], "no such option: -x", "mog submit --help"),
        (["shop.greet", "x" * 2_000_000], "max_message_size", ""),
    ],
)
def test_what_cannot_be_submitted(mog: Callable[..., Any], arguments: list[str], message: str, hint: str) -> None:
    ended = mog("submit", *arguments)
    assert (ended.code, ended.out) == (2, "")
    lines = ended.err.splitlines()
    assert lines[0].startswith("error: ")
    assert message in lines[0]
    assert len(lines) <= 2
    assert hint in (lines[1] if lines[1:] else "")
    assert mog("tasks", "list", "--json").out == ""


def test_an_id_is_used_once(mog: Callable[..., Any]) -> None:
    mog("submit", "shop.add", "1", "--id", ID)
    ended = mog("submit", "shop.add", "1", "--id", ID)
    assert ended.code == 2
    assert f"a request with id {ID} was submitted before" in ended.err


def test_options_reach_the_request(mog: Callable[..., Any]) -> None:
    mog(
        "submit", "shop.add", "1", "--id", ID, "--queue", "slow", "--priority", "9", "--delay", "1h",
        "--metadata", "who=me", "--metadata", "level=3",
    )  # fmt: skip
    task = known(mog)
    assert (task["queue"], task["priority"]) == ("slow", 9)
    assert task["metadata"] == {"who": "me", "level": 3}
    assert task["due"] is not None
    run_once(mog)
    assert known(mog)["state"] == "PENDING"


def test_at_a_time(mog: Callable[..., Any]) -> None:
    mog("submit", "shop.add", "1", "--id", ID, "--at", "2130-01-01T00:00+00:00")
    assert known(mog)["due"] == "2130-01-01T00:00:00+00:00"


def test_deadline_that_has_passed(mog: Callable[..., Any]) -> None:
    mog("submit", "shop.add", "1", "--id", ID, "--deadline", "2020-01-01")
    run_once(mog)
    ended = mog("tasks", "wait", ID)
    assert (ended.code, ended.out) == (3, "")
    assert "revoked" in ended.err


def test_wait_prints_the_value(mog: Callable[..., Any], worker: object) -> None:
    ended = mog("submit", "shop.add", "2", "40", "--wait", "--timeout", "30")
    assert (ended.code, ended.out) == (0, "42\n")
    assert ended.err.startswith("submitted shop.add as ")


def test_text_is_printed_plain_or_as_json(mog: Callable[..., Any], worker: object) -> None:
    assert mog("submit", "shop.greet", "Bob", "--wait").out == "hello Bob\n"
    assert mog("submit", "shop.greet", "Bob", "--wait", "--json").out == '"hello Bob"\n'


def test_wait_for_a_task_that_fails(mog: Callable[..., Any], worker: object) -> None:
    ended = mog("submit", "shop.fail", "no\nluck", "--wait")
    assert (ended.code, ended.out) == (1, "")
    last = ended.err.splitlines()[-1]
    assert last.startswith("error: task 'shop.fail' (")
    assert last.endswith(") failed with ValueError: no luck")
    assert "Traceback" not in ended.err
    assert "in fail\n    raise ValueError(message)" in mog("submit", "shop.fail", "no luck", "--wait", "-v").err


def test_wait_no_longer_than_the_timeout(mog: Callable[..., Any]) -> None:
    ended = mog("submit", "shop.add", "1", "--id", ID, "--wait", "--timeout", "50ms")
    assert (ended.code, ended.out) == (3, "")
    assert f"task 'shop.add' ({ID}) is not finished after 0.05 s but PENDING; it is not called off" in ended.err
    assert f"is a worker running (mog run)? wait on with: mog tasks wait {ID}" in ended.err


def test_memory_of_another_process_is_out_of_reach(mog: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOG_BROKER", "memory://")
    for verb in (("submit", "shop.add", "1"), ("tasks", "list"), ("queues", "status")):
        ended = mog(*verb)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("error: app 'shop' keeps its tasks in memory://, within one process")


def test_a_database_that_cannot_be_opened(mog: Callable[..., Any], shop: Path) -> None:
    (shop / ".mog").mkdir()
    (shop / ".mog" / "mog.db").write_text("this is no database, whatever its name says" * 100)
    ended = mog("submit", "shop.add", "1")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith("error: ")
    assert len(ended.err.splitlines()) == 1
