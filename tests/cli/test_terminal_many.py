"""What a person sees of verbs on many tasks: trees, questions, bars."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

pytestmark = pytest.mark.usefixtures("shop")

Terminal = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def terminal(shop: Path) -> Iterator[Terminal]:
    """Starts the command on a terminal of 100 columns."""
    started: list[pexpect.spawn[str]] = []

    def start(*arguments: str, **environment: str) -> "pexpect.spawn[str]":
        process = pexpect.spawn(
            sys.executable,
            ["-m", "mog_cli", *arguments],
            cwd=str(shop),
            env={**os.environ, "TERM": "xterm-256color", **environment},
            encoding="utf-8",
            timeout=30,
            dimensions=(40, 100),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.close(force=True)


def end(process: "pexpect.spawn[str]") -> int:
    """Wait for the end and return the exit code."""
    process.expect(pexpect.EOF)
    process.wait()
    return int(process.exitstatus if process.exitstatus is not None else -process.signalstatus)


PARENT = """
@app.task(name="shop.parent")
async def parent(context: Context) -> None:
    await context.submit(fail, "x" * 200)
"""


def test_tree_is_drawn_a_line_per_task(terminal: Terminal, shop: Path, mog: Callable[..., Any]) -> None:
    with (shop / "shop.py").open("a") as module:
        module.write(PARENT)
    task_id = mog("submit", "shop.parent").out.strip()
    for _ in range(2):
        assert mog("run", "--once").code == 0
    process = terminal("tasks", "tree", task_id)
    process.expect("\x1b\\[32mSUCCESS\x1b\\[0m  shop.parent ")
    process.expect("└── .*\x1b\\[31mFAILURE\x1b\\[0m  shop.fail .*x…\r\n")
    assert end(process) == 0
    assert process.before == ""


@pytest.mark.parametrize(
    ("answer", "code", "state"), [("y", 0, "REVOKED"), ("n", 1, "PENDING"), ("\x03", 130, "PENDING")]
)
def test_revoke_of_many_asks(terminal: Terminal, mog: Callable[..., Any], answer: str, code: int, state: str) -> None:
    ids = [mog("submit", "shop.add", "1").out.strip() for _ in range(2)]
    process = terminal("tasks", "revoke", *ids)
    process.expect(r"Call off 2 tasks\? \[y/N\]")
    process.send(answer if answer == "\x03" else f"{answer}\n")
    assert end(process) == code
    assert [json.loads(line)["state"] for line in mog("tasks", "list", "--json").out.splitlines()] == [state] * 2


def test_drop_and_replay_ask(terminal: Terminal, mog: Callable[..., Any], shop: Path) -> None:
    module = shop / "shop.py"
    source = module.read_text()
    ids = [mog("submit", "shop.fail", "x").out.strip() for _ in range(2)]
    module.write_text(source.replace('"shop.fail"', '"shop.other"'))
    worker = terminal("run", "--once", MOG_UNKNOWN_TASK_GRACE="0")
    assert end(worker) == 0
    process = terminal("dead", "drop", ids[0])
    process.expect(r"Drop 1 dead letter\? \[y/N\]")
    process.send("y\n")
    process.expect("dropped 1 dead letter")
    assert end(process) == 0
    process = terminal("dead", "replay", "--all")
    process.expect(r"Replay 1 dead letter\? \[y/N\]")
    process.send("n\n")
    assert end(process) == 1
    assert mog("dead", "list", "--json").out.count(ids[1]) == 1


def test_bar_of_many_is_gone_and_the_ids_stay(terminal: Terminal, shop: Path, mog: Callable[..., Any]) -> None:
    (shop / "tasks.jsonl").write_text("[1]\n" * 1500)
    process = terminal("submit", "shop.add", "--from", "tasks.jsonl")
    process.expect("checking")
    process.expect("submitting .*/1500")
    process.expect(pexpect.EOF)
    process.wait()
    assert process.exitstatus == 0
    assert mog("queues", "status", "--json").out.count('"ready": 1500') == 1


def test_bar_does_not_get_into_a_pipe(terminal: Terminal, shop: Path) -> None:
    (shop / "tasks.jsonl").write_text("[1]\n" * 1500)
    command = f"{sys.executable} -m mog_cli submit shop.add --from tasks.jsonl > ids"
    process = pexpect.spawn("sh", ["-c", command], cwd=str(shop), encoding="utf-8", timeout=30)
    process.expect("submitting")
    assert end(process) == 0
    lines = (shop / "ids").read_text().splitlines()
    assert len(lines) == 1500
    assert all(re.fullmatch("[0-9a-f-]{36}", line) for line in lines)
