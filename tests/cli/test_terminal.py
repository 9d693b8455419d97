"""What a person sees: the command on a terminal of its own."""

import json
import os
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
    """Starts the command on a terminal."""
    started: list[pexpect.spawn[str]] = []

    def start(*arguments: str, **environment: str) -> "pexpect.spawn[str]":
        process = pexpect.spawn(
            sys.executable,
            ["-m", "mog_cli", *arguments],
            cwd=str(shop),
            env={**os.environ, "TERM": "xterm-256color", **environment},
            encoding="utf-8",
            timeout=30,
            dimensions=(40, 160),
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


def test_wait_shows_the_tasks_own_progress(terminal: Terminal, worker: object) -> None:
    process = terminal("submit", "shop.steps", "5", "0.3", "--wait")
    process.expect("submitted shop.steps as ")
    process.expect(r"shop.steps: \d/5 step \d")
    process.expect("done\r\n")
    assert end(process) == 0


def test_wait_says_that_no_worker_has_come(terminal: Terminal) -> None:
    process = terminal("submit", "shop.add", "1", "--wait", "--timeout", "2")
    process.expect(r"shop.add: waits for a worker \(mog run\)")
    process.expect("is not finished after 2 s but PENDING")
    assert end(process) == 3


def test_ctrl_c_stops_waiting_and_not_the_task(terminal: Terminal, worker: object, mog: Callable[..., Any]) -> None:
    process = terminal("submit", "shop.steps", "5", "0.3", "--wait")
    process.expect(r"submitted shop.steps as (\S+)")
    task_id = process.match.group(1)
    process.expect(r"\d/5 step \d")
    process.sendintr()
    process.expect(f"stopped waiting; task 'shop.steps' .{task_id}. goes on: mog tasks get {task_id}")
    assert end(process) == 130
    assert "Traceback" not in process.before
    ended = mog("tasks", "wait", task_id)
    assert (ended.code, ended.out) == (0, "done\n")


def test_worker_shows_a_line_per_task_and_ends_at_ctrl_c(terminal: Terminal, mog: Callable[..., Any]) -> None:
    process = terminal("run")
    process.expect("app shop on sqlite:///.mog/mog.db, 6 tasks: shop.add, ")
    process.expect("ready: 10 at a time from slow, tasks; Ctrl-C stops")
    mog("submit", "shop.add", "1")
    process.expect("\x1b\\[32mSUCCESS  \x1b\\[0m shop.add  0.[0-9]+ s")
    process.sendintr()
    process.expect("stopping: nothing runs")
    assert end(process) == 0
    assert "Traceback" not in process.before


def test_second_ctrl_c_ends_the_worker_at_once(terminal: Terminal, mog: Callable[..., Any]) -> None:
    process = terminal("run")
    process.expect("ready: ")
    task_id = mog("submit", "shop.steps", "1", "60").out.strip()
    while json.loads(mog("tasks", "get", task_id, "--json").out)["state"] != "RUNNING":
        pass
    process.sendintr()
    process.expect("stopping: 1 running tasks have 25 s; again: stop at once")
    process.sendintr()
    assert end(process) == 130
    assert json.loads(mog("tasks", "get", task_id, "--json").out)["state"] == "SUSPENDED"


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, 0), ("n", 1, 1), ("\x03", 130, 1)])
def test_purge_asks(terminal: Terminal, mog: Callable[..., Any], answer: str, code: int, left: int) -> None:
    mog("submit", "shop.add", "1")
    process = terminal("queues", "purge", "tasks")
    process.expect(r"Drop 1 waiting task of queue tasks\? \[y/N\]")
    process.send(answer if answer == "\x03" else f"{answer}\n")
    assert end(process) == code
    assert json.loads(mog("queues", "status", "--json").out.splitlines()[1])["ready"] == left


def test_tables_have_colors(terminal: Terminal, mog: Callable[..., Any]) -> None:
    mog("submit", "shop.fail", "x")
    mog("run", "--once")
    process = terminal("tasks", "list")
    process.expect("\x1b\\[31mFAILURE")
    assert end(process) == 0


def test_no_color_is_heeded(terminal: Terminal, mog: Callable[..., Any]) -> None:
    process = terminal("tasks", "get", "7", NO_COLOR="1")
    process.expect("error: ")
    assert end(process) == 2
    assert "\x1b[31m" not in process.before


def test_explanations_are_drawn(terminal: Terminal) -> None:
    process = terminal("explain", "MOG101")
    process.expect("MOG101 task-name-missing")
    process.expect("\x1b\\[")
    assert end(process) == 0
    assert "##" not in process.before


def test_findings_have_colors(terminal: Terminal, shop: Path) -> None:
    (shop / "more.py").write_text("from mog import task\n@task\ndef more(context): ...\n")
    process = terminal("lint")
    process.expect("\x1b\\[1;31merror\\[MOG101\\]")
    assert end(process) == 1
