"""Work in several processes."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from mog_lint import pool
from mog_lint.cache import Cache
from mog_lint.pool import work_on

HERE = os.getpid()


def process_of(_data: bytes) -> int:
    return os.getpid()


def dies(data: bytes) -> bytes:
    if data == b"kill" and multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return data


def fails(data: bytes) -> bytes:
    raise ValueError(data)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes for any amount of work; they import this module."""
    monkeypatch.setattr(pool, "WORTH_A_PROCESS", 1)
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))


@pytest.mark.usefixtures("eager")
def test_work_is_done_elsewhere_and_in_order() -> None:
    assert HERE not in set(work_on([b"x"] * 20, process_of, 2))
    contents = [str(number).encode() for number in range(100)]
    assert list(work_on(contents, bytes.upper, 2)) == contents


@pytest.mark.parametrize(("contents", "jobs"), [([b"x" * 1_000], 4), ([], 4), ([b"x" * 2_000_000] * 2, 1)])
def test_little_work_and_one_job_stay_here(contents: list[bytes], jobs: int) -> None:
    assert set(work_on(contents, process_of, jobs)) <= {HERE}


@pytest.mark.usefixtures("eager")
def test_what_a_killed_process_leaves_is_done_here() -> None:
    contents = [b"a", b"kill", b"b", b"c"]
    assert list(work_on(contents, dies, 2)) == contents


@pytest.mark.usefixtures("eager")
def test_a_failure_is_that_of_the_work() -> None:
    with pytest.raises(ValueError, match="x"):
        list(work_on([b"x"] * 4, fails, 2))


@pytest.mark.usefixtures("eager")
def test_many_processes_know_what_one_knows() -> None:
    contents = [b"from mog import task\n@task\ndef f%d(c): ...\n" % number for number in range(6)] + [
        b"(",
        b"x = '\xff'",
    ]
    one, many = Cache(), Cache()
    one.learn(contents)
    many.learn(contents, jobs=2)
    assert [one.analysed(data) for data in contents] == [many.analysed(data) for data in contents]
    assert one.entries.keys() == many.entries.keys()
