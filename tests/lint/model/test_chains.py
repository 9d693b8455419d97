"""Ways from coroutines to what blocks."""

import pytest
from tests.lint.scratch import ScratchProject, places


def chain_of(length: int) -> str:
    helpers = "".join(f"def hop{n}():\n    hop{n + 1}()\n" for n in range(1, length))
    return f"import time\nasync def work():\n    hop1()\n{helpers}def hop{length}():\n    time.sleep(1)\n"


@pytest.mark.parametrize(("length", "found"), [(1, 1), (4, 1), (5, 0)])
def test_four_calls_are_followed(project: ScratchProject, length: int, found: int) -> None:
    project.select = ("MOG203",)
    project.write("work.py", chain_of(length))
    findings = project.lint()
    assert len(findings) == found
    assert all(len(finding.chain) == length for finding in findings)


def test_each_blocking_call_is_told_once_for_a_coroutine(project: ScratchProject) -> None:
    project.select = ("MOG203",)
    project.write("net.py", "import time\ndef wait():\n    time.sleep(1)\n")
    project.write(
        "work.py", "from net import wait\nasync def one():\n    wait()\n    wait()\nasync def two():\n    wait()\n"
    )
    assert places(project.lint()) == [("work.py", 3), ("work.py", 6)]


@pytest.mark.parametrize("depth", [1, 3, 5])
def test_the_configuration_tells_how_many_calls_are_followed(project: ScratchProject, depth: int) -> None:
    project.select = ("MOG203",)
    project.write("pyproject.toml", f"[tool.mog.lint]\ncall-depth = {depth}\n")
    for length in range(1, 7):
        project.write(f"work{length}.py", chain_of(length))
    assert [finding.filename[-4] for finding in project.lint()] == [str(length) for length in range(1, depth + 1)]


def test_a_queue_that_was_asked_whether_it_is_empty(project: ScratchProject) -> None:
    project.select = ("MOG203",)
    take = "import queue\ndef take(jobs: queue.Queue):\n    return jobs.get()\n"
    work = "async def work(jobs: queue.Queue):\n    {0}\n        return take(jobs)\n"
    project.write("asks.py", take + work.format("if not jobs.empty():"))
    project.write("waits.py", take + work.format("if jobs:"))
    assert places(project.lint()) == [("waits.py", 6)]
