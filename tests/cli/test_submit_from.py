"""`mog submit --from`: many tasks, from lines of JSON."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

pytestmark = pytest.mark.usefixtures("shop")

ID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def write(*lines: object) -> str:
    """Write lines into a file and return its name."""
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    Path("tasks.jsonl").write_text(text)
    return "tasks.jsonl"


def run_once(mog: Callable[..., Any]) -> None:
    assert mog("run", "--once", "--log-format", "json").code == 0


def known(mog: Callable[..., Any], task_id: str) -> dict[str, Any]:
    return dict(json.loads(mog("tasks", "get", task_id, "--json").out))


def stream(*arguments: str) -> "subprocess.Popen[str]":
    """Start `mog submit --from -` with its stdin open."""
    return subprocess.Popen(
        [sys.executable, "-m", "mog_cli", "submit", "--from", "-", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_task_per_line(mog: Callable[..., Any]) -> None:
    name = write(
        {"task": "shop.add", "args": [2, 40]},
        "",
        {
            "task": "shop.greet",
            "kwargs": {"name": "Bob"},
            "priority": 9,
            "queue": "slow",
            "metadata": {"k": 1},
            "id": ID,
        },
        {"task": "shop.nothing", "delay": "1h"},
    )
    ended = mog("submit", "--from", name)
    assert (ended.code, ended.err) == (0, "")
    ids = ended.out.split()
    assert [str(UUID(one)) for one in ids] == ids
    assert (len(ids), ids[1]) == (3, ID)
    run_once(mog)
    added, greeted, waits = (known(mog, one) for one in ids)
    assert (added["value"], greeted["value"], waits["state"]) == (42, "hello Bob", "PENDING")
    assert (greeted["priority"], greeted["queue"], greeted["metadata"]) == (9, "slow", {"k": 1})


def test_arguments_of_one_task_per_line(mog: Callable[..., Any]) -> None:
    ended = mog("submit", "shop.add", "--from", write([2, 40], {"a": 3}), "--json")
    told = list(map(json.loads, ended.out.splitlines()))
    assert [(one["name"], one["queue"]) for one in told] == [("shop.add", "tasks")] * 2
    run_once(mog)
    assert [known(mog, one["id"])["value"] for one in told] == [42, 4]


def test_options_hold_where_a_line_says_nothing_else(mog: Callable[..., Any]) -> None:
    name = write({"task": "shop.add", "args": [1]}, {"task": "shop.add", "args": [1], "at": "2130-01-01T00:00+00:00"})
    ended = mog("submit", "--from", name, "--delay", "1h", "--priority", "7", "--metadata", "k=1")
    first, second = (known(mog, one) for one in ended.out.split())
    assert (first["priority"], first["metadata"]) == (7, {"k": 1})
    assert first["due"] is not None
    assert second["due"] == "2130-01-01T00:00:00+00:00"


def test_more_than_a_batch(mog: Callable[..., Any]) -> None:
    ended = mog("submit", "shop.add", "--from", write(*([number] for number in range(2500))))
    assert len(set(ended.out.split())) == 2500
    assert known(mog, ended.out.split()[2100])["arguments"] == "2100"


def test_an_empty_file(mog: Callable[..., Any]) -> None:
    ended = mog("submit", "--from", write(), "--wait")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


GOOD = {"task": "shop.add", "args": [1]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"task": ', "no JSON: Expecting value, column 9"),
        ('{"task": "shop.add", "args": [NaN]}', "no JSON: NaN"),
        ([1], 'must be an object with a "task"'),
        ({"args": [1]}, 'must be an object with a "task"'),
        ({**GOOD, "prio": 1}, "'prio' is none of task, args,"),
        ({"task": "shop.add", "args": {"a": 1}}, '"args" must be an array'),
        ({"task": "shop.add", "kwargs": [1]}, '"kwargs" must be an object'),
        ({**GOOD, "metadata": 1}, '"metadata" must be an object'),
        ({"task": "shop.ad"}, "did you mean 'shop.add'?"),
        ({"task": "shop.add", "args": ["x"]}, "a: Input should be a valid integer"),
        ({"task": "shop.add"}, "a: required, but not given"),
        ({**GOOD, "priority": 11}, "priority"),
        ({**GOOD, "queue": 1}, "queue"),
        ({**GOOD, "delay": "soon"}, "no length of time"),
        ({**GOOD, "at": 1}, "no time"),
        ({**GOOD, "delay": 1, "at": "2130-01-01"}, "both a delay and an eta"),
        ({**GOOD, "id": 7}, "no task id"),
        ({**GOOD, "id": ID}, "its id is that of line 1"),
        ({"task": "shop.greet", "args": ["x" * 2_000_000]}, "max_message_size"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_line_is_named_and_nothing_is_sent(mog: Callable[..., Any], line: object, message: str) -> None:
    ended = mog("submit", "--from", write({**GOOD, "id": ID}, "", line, "no JSON"))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: line 3: ")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
    assert mog("tasks", "list", "--json").out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "nowhere.jsonl"], "nowhere.jsonl: No such file or directory"),
        (["--from", "."], ".: Is a directory"),
        (["--from", "tasks.jsonl", "--id", ID], "arguments and ids stand in the lines"),
        (["shop.add", "1", "--from", "tasks.jsonl"], "arguments and ids stand in the lines"),
        (["shop.ad", "--from", "tasks.jsonl"], "did you mean 'shop.add'?"),
        (["shop.add", "--from", "tasks.jsonl"], "line 1: must hold the arguments of shop.add"),
        (["--from", "tasks.jsonl", "--timeout", "5"], "goes with --wait alone"),
        ([], "missing argument 'TASK'"),
    ],
)
def test_wrong_use(mog: Callable[..., Any], arguments: list[str], message: str) -> None:
    write("7")
    ended = mog("submit", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err


def test_ids_that_were_submitted_before_are_told_and_the_rest_sent(mog: Callable[..., Any]) -> None:
    mog("submit", "shop.add", "1", "--id", ID)
    ended = mog("submit", "--from", write(GOOD, {**GOOD, "id": ID}, GOOD))
    assert (ended.code, len(ended.out.split())) == (2, 2)
    assert ended.err == (
        "error: line 2: a request with its id was submitted before; "
        "so it is with 1 line in all, the others are submitted\n"
    )
    assert len(mog("tasks", "list", "--json").out.splitlines()) == 3


def test_a_stream_is_sent_as_it_comes() -> None:
    with stream() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(2):
            process.stdin.write(json.dumps(GOOD) + "\n")
            process.stdin.flush()
            assert UUID(process.stdout.readline().strip())
        process.stdin.write(json.dumps(GOOD))  # the last line without its end
        out, err = process.communicate(timeout=30)
    assert (process.returncode, len(out.split()), err) == (0, 1, "")


def test_a_wrong_line_of_a_stream_ends_it_behind_the_lines_before_it(mog: Callable[..., Any]) -> None:
    with stream("shop.add") as process:
        out, err = process.communicate('[1]\n[2]\n["x"]\n[3]\n', timeout=30)
    assert (process.returncode, len(out.split())) == (2, 2)
    assert err.startswith("error: line 3: ")
    assert err.endswith("\n  hint: the lines before it are submitted\n")
    assert len(mog("tasks", "list", "--json").out.splitlines()) == 2


def test_a_file_as_stdin_is_checked_first(mog: Callable[..., Any]) -> None:
    program = [sys.executable, "-m", "mog_cli", "submit", "shop.add", "--from", "-"]
    with Path(write([1], ["x"])).open() as file:
        ended = subprocess.run(program, stdin=file, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: line 2: ")
    assert mog("tasks", "list", "--json").out == ""


def test_ctrl_c_while_a_stream_is_silent() -> None:
    with stream() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(GOOD) + "\n")
        process.stdin.flush()
        assert UUID(process.stdout.readline().strip())
        process.send_signal(2)
        assert process.wait(timeout=30) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_wait_for_all(mog: Callable[..., Any], worker: object) -> None:
    ended = mog("submit", "--from", write(GOOD, GOOD), "--wait", "--timeout", "30")
    assert (ended.code, len(ended.out.split()), ended.err) == (0, 2, "")
    name = write(GOOD, *({"task": "shop.fail", "args": [str(number)]} for number in range(7)))
    ended = mog("submit", "--from", name, "--wait", "--timeout", "30")
    assert (ended.code, len(ended.out.split())) == (1, 8)
    lines = ended.err.splitlines()
    assert "failed with ValueError: 0" in lines[0]
    assert lines[5:] == ["error: of 8 tasks 7 failed", "  hint: see mog tasks list"]


def test_wait_that_takes_too_long(mog: Callable[..., Any]) -> None:
    ended = mog("submit", "--from", write(GOOD), "--wait", "--timeout", "10ms")
    assert (ended.code, len(ended.out.split())) == (3, 1)
    assert ended.err == "error: of 1 task 1 not finished\n  hint: see mog tasks list\n"
