"""`mog run` with a supervisor, with health, and with lines of a form and level: as programs, with real workers."""

import json
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest
from tests.chaos.processes import PATIENCE, Child, wait_until

from mog import App

SIGINT, SIGTERM, SIGKILL = signal.SIGINT, signal.SIGTERM, signal.SIGKILL

SHOP = """
import os, pathlib, threading, time
from mog import App, Context

app = App("shop")

@app.task(name="shop.pid")
async def pid(context: Context) -> int:
    return os.getpid()

@app.task(name="shop.die")
async def die(context: Context) -> None:
    if context.attempt == 1:
        os.kill(os.getpid(), 9)

@app.task(name="shop.block")
def block_thread(context: Context) -> None:
    pathlib.Path("started").touch()
    threading.Event().wait()

@app.task(name="shop.block_loop")
async def block_loop(context: Context) -> None:
    pathlib.Path("started").touch()
    while not os.path.exists("gate"):
        time.sleep(0.01)

@app.task(name="shop.gate")
async def gate(context: Context) -> int:
    import asyncio
    pathlib.Path("started").touch()
    while not os.path.exists("gate"):
        await asyncio.sleep(0.01)
    return os.getpid()
"""


class Fleet:
    """`mog run` as a program, and what it prints as JSON lines."""

    def __init__(self, directory: Path, *arguments: str, **environment: str) -> None:
        self.directory = directory
        program = ["-m", "mog_cli", "run", "--log-format", "json", *arguments]
        self.child = Child(directory, *program, environment={"TMPDIR": str(directory), **environment})

    def lines(self, event: str = "", **fields: Any) -> list[dict[str, Any]]:
        """What it has printed of one kind."""
        found = []
        for text in self.child.said.splitlines(keepends=True):
            if text.startswith("{") and text.endswith("\n"):
                line = json.loads(text)
                if event in ("", line["event"]) and fields.items() <= line.items():
                    found.append(line)
        return found

    def until(self, event: str, count: int = 1, **fields: Any) -> list[dict[str, Any]]:
        def there() -> list[dict[str, Any]] | None:
            found = self.lines(event, **fields)
            assert len(found) >= count or self.child.alive, self.child.said
            return found if len(found) >= count else None

        return wait_until(there, f"{event} is told; it said:\n{self.child.said}", patience=3 * PATIENCE)

    def signal_group(self, signum: int) -> None:
        """What a terminal does at Ctrl-C, and systemd when it stops a unit."""
        os.killpg(self.child.pid, signum)

    def workers(self) -> set[int]:
        """Its children that live."""
        listed = Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children")
        return set(map(int, listed.read_text().split()))


Start = Callable[..., Fleet]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    monkeypatch.setenv("MOG_BROKER", f"sqlite:///{tmp_path / 'mog.db'}")
    return tmp_path


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    fleets: list[Fleet] = []

    def begin(*arguments: str, **environment: str) -> Fleet:
        own = {"MOG_BROKER": os.environ["MOG_BROKER"], "MOG_GRACE": "10"}
        fleets.append(Fleet(project, *arguments, **(own | environment)))
        return fleets[-1]

    yield begin
    for fleet in fleets:
        fleet.child.end()


@pytest.fixture
def client(project: Path) -> Iterator[App]:
    app = App("shop")
    yield app
    if app._port is not None:
        app._port.close_blocking()


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError, FileNotFoundError):
        return "Z" not in Path(f"/proc/{pid}/status").read_text().split("State:")[1].split("\n")[0]
    return False


def has_started(project: Path) -> None:
    wait_until((project / "started").exists, "the task runs")


def get(url: str) -> tuple[int, str]:
    try:
        with closing(build_opener(ProxyHandler({})).open(url, timeout=10)) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with closing(error):
            return error.code, error.read().decode()


# -- processes


def test_processes_share_the_work_and_end_together(start: Start, client: App) -> None:
    fleet = start("--processes", "2")
    fleet.until("worker-started", 2)
    assert [line["process"] for line in fleet.lines("worker-started")] == [1, 2]
    assert len(fleet.lines("worker")) == 1, "what runs is told once"
    workers = fleet.workers()
    results = [client.submit_blocking("shop.pid") for _ in range(20)]
    assert {result.get_blocking(timeout=PATIENCE) for result in results} <= workers
    fleet.child.send(SIGTERM)
    assert fleet.child.wait() == 0
    assert not [pid for pid in workers if alive(pid)]
    assert len(fleet.lines("worker-stopping")) == 2
    assert "Traceback" not in fleet.child.said


def test_process_that_dies_is_replaced_and_its_task_runs_again(start: Start, client: App) -> None:
    fleet = start("--processes", "2")
    fleet.until("worker-started", 2)
    result = client.submit_blocking("shop.die")
    [died] = fleet.until("process-died")
    assert (died["code"], died["delay"], died["level"]) == (-SIGKILL, 0.5, "error")
    fleet.until("worker-started", 3)
    result.get_blocking(timeout=PATIENCE)
    fleet.child.send(SIGTERM)
    assert fleet.child.wait() == 0


@pytest.mark.parametrize("signum", [SIGINT, SIGTERM])
def test_a_signal_to_the_whole_group_counts_once(start: Start, client: App, project: Path, signum: int) -> None:
    fleet = start("--processes", "2")
    fleet.until("worker-started", 2)
    result = client.submit_blocking("shop.gate")
    has_started(project)
    fleet.signal_group(signum)
    fleet.until("worker-stopping", 2)
    (project / "gate").touch()
    assert fleet.child.wait() == 0
    assert result.get_blocking(timeout=PATIENCE) > 0
    assert client.result_blocking(result.id).number_of_starts == 1
    assert "Traceback" not in fleet.child.said


@pytest.mark.parametrize("task", ["shop.block", "shop.block_loop"])
def test_second_signal_ends_at_once_and_puts_back(start: Start, client: App, project: Path, task: str) -> None:
    fleet = start("--processes", "2")
    fleet.until("worker-started", 2)
    result = client.submit_blocking(task)
    has_started(project)
    fleet.signal_group(SIGINT)
    fleet.until("supervisor-stopping")
    fleet.signal_group(SIGINT)
    assert fleet.child.wait(patience=5.0) == 128 + SIGINT
    found = client.result_blocking(result.id)
    assert (str(found.state), found.number_of_starts - found.number_of_stops) == ("SUSPENDED", 0)


def test_workers_end_in_good_order_when_their_supervisor_is_killed(start: Start, client: App, project: Path) -> None:
    fleet = start("--processes", "2")
    fleet.until("worker-started", 2)
    workers = fleet.workers()
    result = client.submit_blocking("shop.gate")
    has_started(project)
    fleet.child.send(SIGKILL)
    wait_until(lambda: len(fleet.lines("worker-stopping")) == 2, "both have noticed")
    (project / "gate").touch()
    assert result.get_blocking(timeout=PATIENCE) in workers
    wait_until(lambda: not any(map(alive, workers)), "none is left")


def test_wrong_settings_are_told_once_and_do_not_loop(start: Start) -> None:
    fleet = start("--processes", "3", "nowhere")
    assert fleet.child.wait(patience=3 * PATIENCE) == 2
    assert fleet.child.said.count("there is no module 'nowhere'") == 1
    [gave_up] = fleet.lines("gave-up")
    assert gave_up["code"] == 2


def test_app_in_memory_is_refused(start: Start, project: Path) -> None:
    for arguments, option in ((["--processes", "2"], "--processes"), (["--max-tasks", "3"], "--max-tasks")):
        fleet = start(*arguments, MOG_BROKER="memory://")
        assert fleet.child.wait(patience=3 * PATIENCE) == 2
        assert f"error: {option} needs tasks that outlive a process" in fleet.child.said


def test_node_id_of_the_settings_is_made_unique(start: Start, client: App) -> None:
    fleet = start("--processes", "2", MOG_NODE_ID="west")
    fleet.until("worker-started", 2)
    result = client.submit_blocking("shop.pid")
    pid = result.get_blocking(timeout=PATIENCE)
    assert client.result_blocking(result.id).node_id == f"west.{pid}"


def test_once_with_processes(start: Start, client: App) -> None:
    results = [client.submit_blocking("shop.pid") for _ in range(5)]
    fleet = start("--processes", "2", "--once")
    assert fleet.child.wait(patience=3 * PATIENCE) == 0
    assert all(result.get_blocking(timeout=PATIENCE) for result in results)
    assert not fleet.lines("process-died")


# -- recycling


def test_worker_is_replaced_after_its_share_of_tasks(start: Start, client: App) -> None:
    fleet = start("--max-tasks", "3")
    fleet.until("worker-started")
    [first] = fleet.workers()
    for _ in range(3):
        assert client.submit_blocking("shop.pid").get_blocking(timeout=PATIENCE) == first
    [replaced] = fleet.until("process-replaced")
    assert replaced["pid"] == first
    wait_until(lambda: fleet.workers() == {replaced["successor"]}, "the first has ended")
    assert client.submit_blocking("shop.pid").get_blocking(timeout=PATIENCE) == replaced["successor"]
    events = [line["event"] for line in fleet.lines() if line["event"] in ("worker-started", "worker-stopping")]
    assert events == ["worker-started", "worker-started", "worker-stopping"]
    fleet.child.send(SIGTERM)
    assert fleet.child.wait() == 0


# -- reload


def test_reload_runs_the_new_code_and_survives_a_syntax_error(start: Start, client: App, project: Path) -> None:
    fleet = start("--reload")
    fleet.until("worker-started")
    assert client.submit_blocking("shop.pid").get_blocking(timeout=PATIENCE) > 0
    (project / "shop.py").write_text(SHOP + "\ndef broken(:\n")
    fleet.until("waiting-for-change")
    assert "SyntaxError" in fleet.child.said
    assert fleet.child.alive
    (project / "shop.py").write_text(SHOP.replace("return os.getpid()", "return -1"))
    fleet.until("worker-started", 2)
    assert client.submit_blocking("shop.pid").get_blocking(timeout=PATIENCE) == -1
    assert ["shop.py"] in [line["files"] for line in fleet.lines("sources-changed")]
    fleet.child.send(SIGINT)
    assert fleet.child.wait() == 0


# -- health


def test_health_of_one_process_while_its_loop_is_blocked(start: Start, client: App, project: Path) -> None:
    fleet = start("--health", ":0")
    [served] = fleet.until("health")
    url = served["url"]
    fleet.until("worker-started")
    wait_until(lambda: get(f"{url}/readyz") == (200, "ready\n"), "it is ready")
    client.submit_blocking("shop.block_loop")
    has_started(project)
    assert get(f"{url}/livez") == (200, "alive\n")
    assert get(f"{url}/readyz")[0] == 200, "not yet: 15 s are the limit"
    status, text = get(f"{url}/metrics")
    assert status == 200
    assert "mog_tasks_running 1.0" in text
    (project / "gate").touch()
    ended = 'mog_tasks_ended_total{state="SUCCESS",task="shop.block_loop"} 1.0'
    wait_until(lambda: ended in get(f"{url}/metrics")[1], "its end is counted")
    assert 'mog_queue_tasks{queue="tasks",state="ready"} 0.0' in get(f"{url}/metrics")[1]
    fleet.child.send(SIGTERM)
    assert fleet.child.wait() == 0


def test_health_of_a_fleet(start: Start, client: App, project: Path) -> None:
    fleet = start("--processes", "2", "--health", "127.0.0.1:0")
    url = fleet.until("supervisor-started")[0]["health"]
    assert get(f"{url}/livez")[0] == 200
    fleet.until("worker-started", 2)
    wait_until(lambda: get(f"{url}/readyz") == (200, "ready\n"), "it is ready")
    for _ in range(5):
        client.submit_blocking("shop.pid").get_blocking(timeout=PATIENCE)
    ended = 'mog_tasks_ended_total{state="SUCCESS",task="shop.pid"} 5.0'
    wait_until(lambda: ended in get(f"{url}/metrics")[1], "all are counted")
    client.submit_blocking("shop.gate")
    has_started(project)
    fleet.child.send(SIGTERM)
    wait_until(lambda: get(f"{url}/readyz") == (503, "the supervisor is stopping\n"), "it is not ready any more")
    (project / "gate").touch()
    assert fleet.child.wait() == 0


@pytest.mark.parametrize("more", [[], ["--processes", "2"]])
def test_health_on_an_address_in_use(start: Start, more: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        fleet = start("--health", address, *more)
        assert fleet.child.wait() == 2
    assert fleet.child.said == f"error: cannot serve health on {address}: Address already in use\n"


# -- wrong use


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--processes", "0"], "invalid value for '--processes'"),
        (["--max-tasks", "0"], "invalid value for '--max-tasks'"),
        (["--once", "--reload"], "either --once or --reload"),
        (["--health", "8080"], "'8080' is no address for health; write :8080"),
        (["--processes", "2", "--health", "nowhere.invalid:1"], "has an unknown host, nowhere.invalid"),
        (["--log-level", "loud"], "'loud' is none of debug, info, warning, error, critical"),
        (["--processes", "2", "--log-format", "xml"], "'xml' is none of text, logfmt, json"),
    ],
)
def test_wrong_use(mog: Callable[..., Any], arguments: list[str], message: str) -> None:
    ended = mog("run", *arguments)
    assert ended.code == 2
    assert message in ended.err
    assert "Traceback" not in ended.err


# -- lines


LOUD = """
import logging

@app.task(name="shop.log")
def log(context: Context) -> None:
    for level in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger("shop"), level)("of level %s", level)
"""


@pytest.mark.parametrize(
    ("level", "messages", "own"),
    [(None, 3, True), ("debug", 4, True), ("warning", 2, False), ("error", 1, False), ("critical", 0, False)],
)
def test_level_of_lines(
    mog_program: Callable[..., Any], directory: Path, level: str | None, messages: int, own: bool
) -> None:
    (directory / "shop.py").write_text(SHOP + LOUD)
    mog_program("submit", "shop.log")
    ended = mog_program("run", "--once", "--log-format", "json", *([] if level is None else ["--log-level", level]))
    lines = [json.loads(line) for line in ended.err.splitlines()]
    assert len([line for line in lines if line.get("logger") == "shop"]) == messages
    assert ("worker-started" in {line["event"] for line in lines}) is own


def test_own_logging_keeps_its_handlers_and_takes_the_level(mog_program: Callable[..., Any], directory: Path) -> None:
    set_up = "\nimport logging\nlogging.basicConfig(format='OWN %(message)s')\n"
    (directory / "shop.py").write_text(SHOP + set_up + LOUD)
    mog_program("submit", "shop.log")
    ended = mog_program("run", "--once", "--log-level", "error")
    assert re.findall("OWN of level .*", ended.err) == ["OWN of level error"]


def test_lines_for_people_name_the_process(start: Start, client: App) -> None:
    fleet = start("--processes", "2", "--log-format", "text")
    wait_until(lambda: "[2] ready: 10 at a time from tasks" in fleet.child.said, "the second is ready", patience=60)
    assert "supervising 2 processes; Ctrl-C stops\n" in fleet.child.said
    fleet.child.send(SIGTERM)
    assert fleet.child.wait() == 0
    assert "stopping: 2 processes; again: stop at once\n" in fleet.child.said


def test_module_of_the_project_does_not_shadow_those_that_mog_needs(start: Start, project: Path) -> None:
    (project / "selectors.py").write_text("raise RuntimeError('shadowed')\n")
    environment = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    fleet = start("--max-tasks", "3", **environment)
    fleet.until("worker-started")
