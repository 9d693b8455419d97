"""Child processes of tests: each in a directory, waited for with deadlines, ended for certain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[2]

PATIENCE = 20.0
"""Seconds that a condition may take on a busy machine before a test gives up."""


def wait_until(condition: Callable[[], T], what: str, *, patience: float = PATIENCE) -> T:
    """Poll until ``condition`` returns something true, and return it; AssertionError when patience is over."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {patience:g} s in vain until {what}"
        time.sleep(0.005)
    return found


class Child:
    """A Python program that runs beside the test, from a directory in which it may leave files."""

    def __init__(self, directory: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.output = directory / f"output-{time.monotonic_ns()}.txt"
        own = {key: value for key, value in os.environ.items() if not key.startswith("MOG_")}
        paths = [str(ROOT), str(directory), *filter(None, [own.get("PYTHONPATH")])]
        own |= {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=directory,
                env=own | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def said(self) -> str:
        """What it has printed and logged."""
        return self.output.read_text("utf-8", "replace")

    def send(self, signum: signal.Signals) -> None:
        """Send it a signal; nothing happens if it has ended."""
        if self.alive:
            os.kill(self.pid, signum)

    def freeze(self) -> None:
        """Stop it as Ctrl-Z does, and wait until it stands still."""
        self.send(signal.SIGSTOP)
        self.wait_for_status(lambda status: status["State"].startswith("T"), "the process stands still")

    def thaw(self) -> None:
        """Let it go on."""
        self.send(signal.SIGCONT)

    def wait_for_status(self, condition: Callable[[Mapping[str, str]], object], what: str) -> None:
        """Wait until what the kernel tells of it (/proc/PID/status, see proc(5)) fulfils a condition."""
        path = Path(f"/proc/{self.pid}/status")

        def fulfilled() -> bool:
            lines = path.read_text().splitlines()
            return bool(condition(dict(line.split(":\t", 1) for line in lines if ":\t" in line)))

        wait_until(fulfilled, what)

    def wait(self, patience: float = PATIENCE) -> int:
        """Wait for its end, and return its exit code; negative for a signal that ended it."""
        wait_until(lambda: not self.alive, f"process {self.pid} ends; it said:\n{self.said}", patience=patience)
        return self._process.returncode

    def end(self) -> None:
        """Kill it and its children, whatever state it is in."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def start_worker(
    directory: Path, module: str, *options: str, environment: Mapping[str, str] | None = None, store: Path | None = None
) -> Child:
    """Start a worker on the App of ``module``, which uses the store ``mog.db`` in ``directory``."""
    url = f"sqlite:///{store or directory / 'mog.db'}"
    bells = directory / "t"  # what killed workers leave there goes with the directory
    bells.mkdir(exist_ok=True)
    own = {"MOG_BROKER": url, "MOG_GRACE": "10", "CHAOS_DIRECTORY": str(directory), "TMPDIR": str(bells)}
    return Child(directory, "-m", "tests.chaos.work", module, *options, environment=own | dict(environment or {}))


@contextmanager
def ended(*children: Child) -> Iterator[None]:
    """End the children when the block is left."""
    try:
        yield
    finally:
        for child in children:
            child.end()
