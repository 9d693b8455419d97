"""Processes and the machine, as /proc tells of them; Linux only."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20


def cpu_of(pid: int) -> float:
    """Return the CPU seconds that a process has used; 0 for one that is gone."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    user, system = fields[11:13]
    return (int(user) + int(system)) / TICK


def named(names: Container[str]) -> list[int]:
    """Return the processes that have one of the names."""
    found: list[int] = []
    for entry in PROC.glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if (entry / "comm").read_text().strip() in names:
                found.append(int(entry.name))
    return found


def precise_cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process to the nanosecond, summed over its threads; ended threads do not count."""
    total = 0
    for thread in (PROC / str(pid) / "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def tree_of(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for parent in found:
        with suppress(FileNotFoundError, ProcessLookupError):
            for thread in (PROC / str(parent) / "task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found


def memory_of(pid: int) -> tuple[int, int]:
    """Return the resident and the proportional set size of a process tree, in bytes; what has just ended has none."""
    resident = proportional = 0
    for process in tree_of(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            rows = (line.split() for line in (PROC / str(process) / "smaps_rollup").read_text().splitlines()[1:])
            sizes = {row[0]: int(row[1]) * 1024 for row in rows}
            resident, proportional = resident + sizes["Rss:"], proportional + sizes["Pss:"]
    return resident, proportional


def busy_seconds() -> float:
    """Return the CPU seconds that all of the machine has used."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(
        int, (PROC / "stat").read_text().splitlines()[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / TICK


class ForeignLoad:
    """CPU that others use while something is measured, in cores: was the machine quiet?"""

    def __init__(self, worker: Worker | None = None, servers: Container[str] = ()) -> None:
        self._worker = worker
        self._servers = named(servers)
        self._start = (time.monotonic(), busy_seconds(), self._own())

    def cores(self) -> float:
        """Return the mean since the start."""
        began, busy, own = self._start
        others = (busy_seconds() - busy) - (self._own() - own)
        return max(0.0, others) / max(0.01, time.monotonic() - began)

    def _own(self) -> float:
        workers = self._worker.cpu() if self._worker is not None else 0.0
        return cpu_of(os.getpid()) + workers + sum(map(cpu_of, self._servers))


def wait_until_quiet(cores: float, patience: float) -> None:
    """Wait until others use less than that for half a second; at most ``patience`` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        load = ForeignLoad()
        time.sleep(0.5)
        if load.cores() < cores:
            return


class Worker:
    """A system's worker, in a process group of its own; stopped at the end of the block."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        with log.open("wb") as output:
            self.started = time.time()
            self._process = subprocess.Popen(
                command,
                cwd=Path(__file__).parent,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0)):
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)

    def alive(self) -> bool:
        """Tell whether it runs."""
        return self._process.poll() is None

    def cpu(self) -> float:
        """Return the CPU seconds that it and its children have used."""
        return sum(map(cpu_of, tree_of(self.pid)))

    def precise_cpu(self) -> float:
        """The same to the nanosecond; for stretches in which no thread ends."""
        return sum(map(precise_cpu_of, tree_of(self.pid)))

    def memory(self) -> tuple[int, int]:
        """Return its and its children's resident and proportional set size, in bytes."""
        return memory_of(self.pid)
