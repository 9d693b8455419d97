"""Examples, each in a directory of its own, and the commands of their READMEs."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMAND = re.compile(r"^    (.+)$", re.MULTILINE)  # the indented lines of a README


@dataclass
class Example:
    """A copy of an example, with this environment's programs on PATH."""

    directory: Path

    def start(self, command: str) -> subprocess.Popen[str]:
        """Start a line of shell in a process group of its own."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("MOG_")}
        path = os.pathsep.join([str(Path(sys.executable).parent), own["PATH"]])
        shown = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
        return subprocess.Popen(["bash", "-ec", command], cwd=self.directory, env=own | {"PATH": path}, **shown)

    def run(self, command: str) -> str:
        """Run to the end and return what was printed."""
        process = self.start(command)
        try:
            output, _ = process.communicate(timeout=50)
        finally:
            end(process)
        assert process.returncode == 0, f"`{command}` ended with {process.returncode}:\n{output}"
        return output

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[str]]:
        """Run a worker beside the block; it is stopped as Ctrl-C does, unless the block has killed it."""
        process = self.start("exec mog run")
        try:
            yield process
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=30)
        finally:
            end(process)
        assert process.returncode in (0, -signal.SIGKILL), output

    def readme(self) -> str:
        """Return the commands of the README, one a line."""
        return "\n".join(COMMAND.findall((self.directory / "README.md").read_text("utf-8")))


def end(process: subprocess.Popen[str]) -> None:
    """End whatever is left of the process and its children."""
    with suppress(ProcessLookupError):  # all of them have ended by themselves
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def example(tmp_path: Path) -> Callable[[str], Example]:
    """A function that copies an example to where it may leave files."""

    def copy(name: str) -> Example:
        ignored = shutil.ignore_patterns("__pycache__", ".mog")
        return Example(shutil.copytree(EXAMPLES / name, tmp_path / name, ignore=ignored))

    return copy


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """A function that waits for a condition, 30 seconds at most."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)

    return wait
