"""What `mog run` prints of tasks that block the event loop."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mog.worker.alarm import LoopBlocked, LoopFreed, Manner
from mog.worker.culprit import Culprit, Place
from mog.worker.current_run import Run
from mog_cli.guard_log import GuardLog
from mog_cli.worker_log import WorkerLog

Told = Callable[[], str]

RUN = Run(UUID("01a20cc1-5d0c-7a52-9cfc-f91f19e998bd"), "shop.pay")
WHO = f"shop.pay[{RUN.id}]"


def blocked(
    *names: str, manner: Manner = Manner.WAITS, line: int = 7, run: Run | None = RUN, **more: Any
) -> LoopBlocked:
    culprit = Culprit(run, "Task-7 (pay)", Place("/srv/shop.py", line, "pay"), names, stack="  File ...", **more)
    return LoopBlocked(1.04, manner, culprit)


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Told:
    return lambda: capfd.readouterr().err


@pytest.fixture
def log(directory: Path) -> GuardLog:
    return GuardLog(WorkerLog.of_format("json"))


def last(told: Told) -> dict[str, Any]:
    return json.loads(told().splitlines()[-1])


def test_block_for_programs(log: GuardLog, told: Told) -> None:
    log.alarm(blocked("time.sleep"))
    line = last(told)
    assert line.pop("time")
    assert line == {
        "level": "warning",
        "event": "loop-blocked",
        "seconds": 1.04,
        "manner": "waits",
        "task": "shop.pay",
        "id": str(RUN.id),
        "call": "time.sleep",
        "place": "/srv/shop.py:7 (pay)",
        "rule": "MOG201",
        "todo": "use asyncio.sleep instead (mog explain MOG201)",
        "stack": "  File ...",
    }


def test_block_for_people(directory: Path, told: Told) -> None:
    log = GuardLog(WorkerLog.of_format("text", process=2))
    log.alarm(blocked("_thread.lock.acquire"))
    first, *others = told().splitlines()
    assert first.partition(" ")[2] == (
        f"[2] the event loop has been blocked for 1.0 s: {WHO} waits in threading.Lock.acquire at /srv/shop.py:7 (pay)"
    )
    assert others == ["  File ...", "  use asyncio.Lock instead (mog explain MOG204)"]


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        (blocked("builtins.open"), ("open", "MOG202", "use anyio.open_file or aiofiles instead (mog explain MOG202)")),
        (blocked("shop.api.load", "requests.api.get"), ("requests.get", "MOG201", "use httpx.AsyncClient or aiohttp")),
        (blocked("time.sleep", in_helper=True), ("time.sleep", "MOG203", "use asyncio.sleep instead")),
        (blocked("lib.fetch", "_socket.socket.recv"), ("lib.fetch", None, None)),
        (blocked("time.sleep", manner=Manner.COMPUTES), (None, None, "a `def` task, or asyncio.to_thread")),
        (blocked("lib.sum", manner=Manner.COMPUTES, in_library=True), ("lib.sum", None, "a `def` task")),
        (blocked("re.match", manner=Manner.HOLDS_LOCK), ("re.match", None, "compute in another process")),
        (blocked("time.sleep", manner=Manner.HOLDS_LOCK, in_thread=True), ("time.sleep", None, "another process")),
        (blocked(manner=Manner.STANDS_STILL), (None, None, "it was stopped, or")),
        (blocked(manner=Manner.BLOCKS), (None, None, None)),
    ],
)
def test_what_is_known_of_a_call(
    log: GuardLog, told: Told, news: LoopBlocked, expected: tuple[str | None, str | None, str | None]
) -> None:
    call, rule, todo = expected
    log.alarm(news)
    line = last(told)
    assert (line.get("call"), line.get("rule")) == (call, rule)
    assert (todo is None) == ("todo" not in line)
    assert todo is None or todo in line["todo"]


def test_project_adds_calls_and_takes_some_away(directory: Path, told: Told) -> None:
    lists = 'blocking-calls = ["lib.*.fetch -> lib.aio"]\nnon-blocking-calls = ["time.sleep"]\n'
    (directory / "pyproject.toml").write_text(f"[tool.mog.lint]\n{lists}")
    log = GuardLog(WorkerLog.of_format("json"))
    log.alarm(blocked("lib.Client.fetch"))
    assert last(told)["todo"] == "use lib.aio instead (mog explain MOG201)"
    log.alarm(blocked("time.sleep"))
    assert "rule" not in last(told)


def test_wrong_settings_of_the_linter_are_the_linters_to_tell(directory: Path, told: Told) -> None:
    (directory / "pyproject.toml").write_text('[tool.mog.lint]\nblocking-calls = "all"\n')
    log = GuardLog(WorkerLog.of_format("json"))
    log.alarm(blocked("time.sleep"))
    assert last(told)["rule"] == "MOG201"


def test_unready(log: GuardLog, told: Told) -> None:
    log.alarm(blocked("time.sleep")._replace(unready=True))
    assert last(told)["unready"] is True


def test_end_of_a_block(log: GuardLog, told: Told) -> None:
    log.alarm(LoopFreed(4.5, blocked("time.sleep")))
    line = last(told)
    assert (line["event"], line["seconds"], line["task"], line["call"]) == ("loop-freed", 4.5, "shop.pay", "time.sleep")
    log.alarm(LoopFreed(4.5, None))
    assert "task" not in last(told)


def test_lines_below_the_level_are_not_printed(directory: Path, told: Told) -> None:
    log = GuardLog(WorkerLog.of_format("json", level="error"))
    log.alarm(blocked("time.sleep"))
    log.alarm(LoopFreed(2.0, blocked("time.sleep")))
    log.tell_totals()
    assert told() == ""


def test_totals_by_call_site_the_worst_first(log: GuardLog, told: Told) -> None:
    other = Run(RUN.id, "shop.sell")
    for seconds, news in (
        (2.0, blocked("time.sleep")),
        (1.5, blocked("time.sleep", run=other)),
        (9.0, blocked(manner=Manner.COMPUTES, line=9)),
        (1.0, blocked("time.sleep", line=8, run=None)),
    ):
        log.alarm(LoopFreed(seconds, news))
    told()
    log.tell_totals()
    lines = [json.loads(line) for line in told().splitlines()]
    assert {line["event"] for line in lines} == {"loop-blocked-total"}
    assert [(line["seconds"], line["times"], line["tasks"], line.get("call")) for line in lines] == [
        (9.0, 1, ["shop.pay"], None),
        (3.5, 2, ["shop.pay", "shop.sell"], "time.sleep"),
        (1.0, 1, ["Task-7 (pay)"], "time.sleep"),
    ]


def test_totals_for_people(directory: Path, told: Told) -> None:
    log = GuardLog(WorkerLog.of_format("text"))
    log.alarm(LoopFreed(2.0, blocked("time.sleep")))
    log.alarm(LoopFreed(2.5, blocked("time.sleep")))
    told()
    log.tell_totals()
    assert told().partition(" ")[2] == (
        "blocked the event loop 2 times, 4.5 s in all: shop.pay in time.sleep at /srv/shop.py:7 (pay) (MOG201)\n"
    )


# -- the command

BLOCKING = """
@app.task(name="shop.nap")
async def nap(context: Context) -> None:
    import time
    time.sleep(0.6)
"""


@pytest.fixture
def napping(shop: Path) -> Path:
    (shop / "shop.py").write_text((shop / "shop.py").read_text() + BLOCKING)
    (shop / "pyproject.toml").write_text("[tool.mog.guard]\nwarn = 0.2\n")
    return shop


@pytest.mark.usefixtures("napping")
def test_run_tells_who_blocks_its_loop(mog_program: Callable[..., Any]) -> None:
    task_id = mog_program("submit", "shop.nap").out.strip()
    ended = mog_program("run", "--once", "--log-format", "json")
    lines = [json.loads(line) for line in ended.err.splitlines()]
    found = {line["event"]: line for line in lines if line["event"].startswith("loop-")}
    assert list(found) == ["loop-blocked", "loop-freed", "loop-blocked-total"]
    assert (found["loop-blocked"]["id"], found["loop-blocked"]["rule"]) == (task_id, "MOG201")
    assert "time.sleep(0.6)" in found["loop-blocked"]["stack"]
    assert lines[-1] == found["loop-blocked-total"]


@pytest.mark.usefixtures("napping")
@pytest.mark.parametrize(
    ("option", "setting", "told"),
    [("--no-guard", "true", False), ("--guard", "false", True), (None, "false", False)],
)
def test_guard_is_turned_on_and_off(
    mog_program: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, option: str | None, setting: str, told: bool
) -> None:
    monkeypatch.setenv("MOG_GUARD_ENABLED", setting)
    mog_program("submit", "shop.nap")
    ended = mog_program("run", "--once", *([option] if option else []))
    assert ("event=loop-blocked " in ended.err) == told


@pytest.mark.usefixtures("napping")
def test_supervised_workers_have_a_guard(mog_program: Callable[..., Any]) -> None:
    mog_program("submit", "shop.nap")
    ended = mog_program("run", "--once", "--processes", "2", "--log-format", "json")
    [line] = [line for line in map(json.loads, ended.err.splitlines()) if line["event"] == "loop-blocked-total"]
    assert line["process"] in (1, 2)
    mog_program("submit", "shop.nap")
    ended = mog_program("run", "--once", "--processes", "2", "--no-guard")
    assert "loop-" not in ended.err
