"""Work in several processes."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mog_lint import pool
from mog_lint.cache import Cache
from mog_lint.contents import Content
from mog_lint.pool import Workers

HERE = os.getpid()


def process_of(_data: bytes) -> int:
    return os.getpid()


def dies(data: bytes) -> bytes:
    if data == b"kill" and multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return data


def fails(data: bytes) -> bytes:
    raise ValueError(data)


OWNER = """
import sys
sys.path.insert(0, sys.argv[1])
from mog_lint import pool
from tests.lint.test_pool import process_of
pool.WORTH_A_PROCESS = pool.CHUNK = 1
workers = pool.Workers(2)
print(*workers.map(process_of, [b"x"] * 20, len), flush=True)
sys.stdin.read()
"""
"""Prints the numbers of processes of its own, then waits."""


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes for any amount of work; they import this module."""
    monkeypatch.setattr(pool, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr(pool, "WORTH_A_TRIP", 1)
    monkeypatch.setattr(pool, "CHUNK", 1)
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers(2)
    yield workers
    workers.close()


@pytest.mark.usefixtures("eager")
def test_work_is_done_elsewhere_and_in_order(workers: Workers) -> None:
    assert HERE not in set(workers.map(process_of, [b"x"] * 20, len))
    contents = [str(number).encode() for number in range(100)]
    assert list(workers.map(bytes.upper, contents, len)) == contents


@pytest.mark.usefixtures("eager")
def test_processes_are_kept_until_they_are_closed(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    first = set(workers.map(process_of, [b"x"] * 20, len))
    monkeypatch.setattr(pool, "WORTH_A_TRIP", 2)
    assert set(workers.map(process_of, [b"x"], len)) == {HERE}
    assert set(workers.map(process_of, [b"xx"], len)) <= first
    workers.close()
    assert HERE not in set(workers.map(process_of, [b"x"] * 20, len))


@pytest.mark.parametrize(("contents", "jobs"), [([b"x" * 1_000], 4), ([], 4), ([b"x" * 2_000_000] * 2, 1)])
def test_little_work_and_one_job_stay_here(contents: list[bytes], jobs: int) -> None:
    assert set(Workers(jobs).map(process_of, contents, len)) <= {HERE}


@pytest.mark.usefixtures("eager")
def test_what_a_killed_process_leaves_is_done_here(workers: Workers) -> None:
    contents = [b"a", b"kill", b"b", b"c"]
    assert list(workers.map(dies, contents, len)) == contents
    assert set(workers.map(process_of, [b"x"] * 20, len)) == {HERE}


@pytest.mark.usefixtures("eager")
def test_a_failure_is_that_of_the_work(workers: Workers) -> None:
    with pytest.raises(ValueError, match="x"):
        list(workers.map(fails, [b"x"] * 4, len))


@pytest.mark.usefixtures("eager")
def test_many_processes_know_what_one_knows(workers: Workers) -> None:
    tasks = [b"from mog import task\n@task\ndef f%d(c): ...\n" % number for number in range(6)]
    contents = [Content(data) for data in (*tasks, b"(", b"x = '\xff'")]
    one, many = Cache(), Cache()
    one.learn(contents, Workers())
    told: list[tuple[int, int]] = []
    many.learn(contents, workers, lambda *progress: told.append(progress))
    assert [one.analysed(content) for content in contents] == [many.analysed(content) for content in contents]
    assert told == [(done, 8) for done in range(1, 9)]


@pytest.mark.usefixtures("eager")
def test_who_stops_waiting_leaves_no_work_behind(workers: Workers) -> None:
    outcomes = workers.map(process_of, [b"x"] * 10_000, len)
    assert next(outcomes) != HERE
    outcomes.close()
    assert HERE not in set(workers.map(process_of, [b"x"], len))


def test_processes_end_with_one_that_is_killed() -> None:
    command = [sys.executable, "-c", OWNER, str(Path(__file__).parents[2])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert str(owner.pid) not in owner.stdout.readline().split()
        owner.kill()
        owner.communicate(timeout=20)  # to the end of what it prints: nobody holds that any more
