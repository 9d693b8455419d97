import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mog_cli.worker_log import quoted

pytestmark = pytest.mark.usefixtures("shop")


def lines(mog: Callable[..., Any], *arguments: str) -> list[dict[str, Any]]:
    """What a worker that ends when nothing is ready prints."""
    ended = mog("run", "--once", "--log-format", "json", *arguments)
    assert (ended.code, ended.out) == (0, ""), ended.err
    return [json.loads(line) for line in ended.err.splitlines()]


def test_says_what_it_is_and_what_it_did(mog: Callable[..., Any]) -> None:
    task_id = mog("submit", "shop.add", "1").out.strip()
    worker, started, ended, stopping = lines(mog, "--concurrency", "3")
    assert (worker["event"], worker["app"], worker["engine"]) == ("worker", "shop", "sqlite:///.mog/mog.db")
    assert worker["tasks"] == ["shop.add", "shop.fail", "shop.greet", "shop.join", "shop.nothing", "shop.steps"]
    assert (started["event"], started["queues"], started["concurrency"]) == ("worker-started", ["slow", "tasks"], 3)
    assert (ended["event"], ended["task"], ended["id"]) == ("task-ended", "shop.add", task_id)
    assert (ended["state"], ended["level"]) == ("SUCCESS", "info")
    assert ended["duration"] < 10
    assert stopping["event"] == "worker-stopping"
    assert all(line["time"] for line in (worker, started, ended, stopping))


def test_failure_is_told_in_its_line(mog: Callable[..., Any]) -> None:
    mog("submit", "shop.fail", "no\nluck")
    ended = next(line for line in lines(mog) if line["event"] == "task-ended")
    assert (ended["state"], ended["level"]) == ("FAILURE", "error")
    assert "ValueError" in ended["error"]


def test_without_a_terminal_lines_are_key_and_value(mog: Callable[..., Any]) -> None:
    mog("submit", "shop.add", "1")
    ended = mog("run", "--once")
    first, *_, task, _ = ended.err.splitlines()
    assert " event=worker app=shop engine=sqlite:///.mog/mog.db tasks=shop.add," in first
    assert " level=info event=task-ended task=shop.add id=" in task
    assert " state=SUCCESS duration=0." in task


def test_text_is_for_people(mog: Callable[..., Any]) -> None:
    mog("submit", "shop.add", "1")
    ended = mog("run", "--once", "--log-format", "text")
    assert "ready: 10 at a time from slow, tasks; Ctrl-C stops\n" in ended.err
    assert " SUCCESS   shop.add  0." in ended.err


@pytest.mark.parametrize(
    ("arguments", "worked_on"),
    [
        (["--queues", "slow"], ["slow"]),
        (["--queues", "slow, tasks"], ["slow", "tasks"]),
        (["--exclude-queues", "slow"], ["tasks"]),
    ],
)
def test_queues_are_chosen(mog: Callable[..., Any], arguments: list[str], worked_on: list[str]) -> None:
    mog("submit", "shop.nothing")
    mog("submit", "shop.add", "1")
    assert lines(mog, *arguments)[1]["queues"] == worked_on
    found = map(json.loads, mog("tasks", "list", "--json").out.splitlines())
    assert {task["queue"] for task in found if task["state"] == "SUCCESS"} == set(worked_on)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--queues", "slo"], "slow, tasks"),
        (["--exclude-queues", "slow,tasks"], "no queue is left"),
        (["--queues", "slow", "--exclude-queues", "tasks"], "either --queues or --exclude-queues"),
        (["--concurrency", "0"], "--concurrency"),
        (["--log-format", "xml"], "'xml' is none of text, logfmt, json"),
        (["nowhere"], "there is no module 'nowhere'"),
    ],
)
def test_wrong_use(mog: Callable[..., Any], arguments: list[str], message: str) -> None:
    ended = mog("run", "--once", *arguments)
    assert ended.code == 2
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_app_is_an_argument_or_an_option(mog: Callable[..., Any]) -> None:
    assert lines(mog, "shop")[0]["app"] == "shop"
    assert lines(mog, "--app", "shop:app")[0]["app"] == "shop"


def test_derived_names_are_warned_of(mog: Callable[..., Any], shop: Path) -> None:
    source = "\n@app.task\nasync def unnamed(context: Context) -> None: ...\n"
    (shop / "shop.py").write_text((shop / "shop.py").read_text() + source)
    warned = [line for line in lines(mog) if line["level"] == "warning"]
    assert [(line["event"], line["task"], line["rule"]) for line in warned] == [
        ("derived-name", "shop.unnamed", "MOG101")
    ]


def test_an_app_without_tasks_is_warned_of(mog: Callable[..., Any], directory: Path) -> None:
    (directory / "empty.py").write_text("from mog import App\napp = App('empty')\n")
    ended = mog("run", "--once", "--app", "empty", "--log-format", "text")
    assert "0 tasks: none; see `imports` in [tool.mog]" in ended.err


def test_passwords_are_not_shown(mog: Callable[..., Any], directory: Path) -> None:
    (directory / "secret.py").write_text("from mog import App\napp = App('x', broker='amqp://me:hunter2@host/')\n")
    assert "hunter2" not in mog("run", "--once", "--app", "secret").err


LOGGING_TASK = """
import logging, warnings

@app.task(name="shop.log")
def log(context):
    logging.getLogger("shop").warning("low stock")
    warnings.warn("old price", stacklevel=1)
    try:
        1 / 0
    except ZeroDivisionError:
        logging.getLogger("shop").exception("no sum")
"""


def test_what_the_application_logs_has_the_same_form(mog_program: Callable[..., Any], shop: Path) -> None:
    (shop / "shop.py").write_text((shop / "shop.py").read_text() + LOGGING_TASK)
    mog_program("submit", "shop.log")
    ended = mog_program("run", "--once", "--log-format", "json")
    stock, price, total = [line for line in map(json.loads, ended.err.splitlines()) if line["event"] == "log"]
    assert (stock["level"], stock["logger"], stock["message"]) == ("warning", "shop", "low stock")
    assert (price["logger"], "old price" in price["message"]) == ("py.warnings", True)
    assert "ZeroDivisionError: division by zero" in total["traceback"]


def test_an_application_that_logs_by_itself_is_left_alone(mog_program: Callable[..., Any], shop: Path) -> None:
    set_up = "\nimport logging\nlogging.basicConfig(format='OWN %(message)s')\n"
    (shop / "shop.py").write_text((shop / "shop.py").read_text() + set_up + LOGGING_TASK)
    mog_program("submit", "shop.log")
    ended = mog_program("run", "--once", "--log-format", "json")
    assert "OWN low stock\n" in ended.err
    assert '"event": "log"' not in ended.err


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(worker: subprocess.Popen[str], signum: int) -> None:
    worker.send_signal(signum)
    _, printed = worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert "event=worker-stopping" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ("", '""'),
        ("a=b", '"a=b"'),
        ('say "x"', '"say \\"x\\""'),
        ("two\nlines", '"two\\nlines"'),
        (("a", "b"), "a,b"),
        (0.25, "0.250000"),
        (3, "3"),
    ],
)
def test_values_of_logfmt(value: object, written: str) -> None:
    assert quoted(value) == written
