"""Lets a worker and a client run for long on RabbitMQ and Redis, and looks at what they hold: memory and connections.

``python -m tests.chaos.soak --minutes 30``; exit code 1 unless both stay flat. The servers are its own. Between them
and the two processes wires are cut again and again, so that what a lost connection leaves behind would be seen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

from tests.chaos.processes import Child, ended, start_worker
from tests.runtime.proxy import Proxy, proxy_to
from tests.services import rabbitmq, redis

PAGE = os.sysconf("SC_PAGE_SIZE")

GROWTH = 1.05
"""By how much the memory of the last third of the samples may exceed that of the second third."""

ESTABLISHED = "01"
"""State of a connection in /proc/net/tcp, see proc_net_tcp(5)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process holds: its resident memory, in bytes, and its connections to each server."""

    memory: int
    to_rabbitmq: int
    to_redis: int


def sample(child: Child, ports: tuple[int, int]) -> Sample:
    """Look at a process by what the kernel tells of it."""
    pages = int(Path(f"/proc/{child.pid}/statm").read_text().split()[1])
    peers = list(_peers(child.pid))
    return Sample(pages * PAGE, *(peers.count(port) for port in ports))


def _peers(pid: int) -> Iterator[int]:
    """Yield the ports at the other ends of a process's connections."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            sockets.add(str(link.readlink()))
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == ESTABLISHED and f"socket:[{fields[9]}]" in sockets:
            yield int(fields[2].partition(":")[2], 16)


class Soak:
    """One run: the two processes, and what was seen of them."""

    def __init__(self, worker: Child, client: Child, wires: tuple[Proxy, Proxy]) -> None:
        self.children = {"worker": worker, "client": client}
        self.seen: dict[str, list[Sample]] = {name: [] for name in self.children}
        self._wires = wires

    async def run(self, seconds: float, interval: float) -> None:
        """Look each ``interval`` seconds; cut both wires half-way between two looks."""
        print("minute  worker MiB  rabbitmq redis  client MiB  rabbitmq redis", flush=True)
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            await asyncio.sleep(interval / 2)
            for wire in self._wires:
                wire.cut()
            await asyncio.sleep(interval / 2)
            self._look((time.monotonic() - began) / 60)

    def _look(self, minute: float) -> None:
        cells = [f"{minute:6.1f}"]
        for name, child in self.children.items():
            one = sample(child, (self._wires[0].port, self._wires[1].port))
            self.seen[name].append(one)
            cells.append(f"{one.memory / 2**20:10.1f}  {one.to_rabbitmq:8} {one.to_redis:5}")
        print("  ".join(cells), flush=True)

    def faults(self) -> list[str]:
        """Tell of what is not flat; the first third of the samples, while buffers fill, does not count."""
        return [fault for name, samples in self.seen.items() for fault in _faults(name, samples)]


def _faults(name: str, samples: list[Sample]) -> Iterator[str]:
    third = len(samples) // 3
    before, after = (
        statistics.median(one.memory for one in part) for part in (samples[third:-third], samples[-third:])
    )
    print(f"{name}: {before / 2**20:.1f} MiB in the second third, {after / 2**20:.1f} MiB in the last")
    if after > before * GROWTH:
        yield f"the {name} grows"
    for server in ("to_rabbitmq", "to_redis"):
        counts = [getattr(one, server) for one in samples[third:]]
        print(f"{name}: {min(counts)} to {max(counts)} connections {server}")
        if max(counts) > statistics.median_low(counts):
            yield f"the {name} has more connections {server} at times"


async def soak(minutes: float, rate: float, interval: float, directory: Path) -> list[str]:
    """Run it all, and return the faults."""
    with ExitStack() as stack:
        rabbit, store = stack.enter_context(rabbitmq()), stack.enter_context(redis())
        async with proxy_to(rabbit.url, 5672) as front, proxy_to(store.url, 6379) as back:
            settings = {
                "CHAOS_APP": "soak",
                "CHAOS_DIRECTORY": str(directory),
                "MOG_BROKER": front.url,
                "MOG_RESULTS": back.url,
                "MOG_RESULT_TTL": "60",
                "MOG_RESULT_VALUE_TTL": "60",
            }
            worker = start_worker(directory, "tests.chaos.families", environment=settings)
            arguments = ("-m", "tests.chaos.soak_client", str(minutes * 60), str(rate))
            client = Child(directory, *arguments, environment=settings)
            with ended(worker, client):
                run = Soak(worker, client, (front, back))
                await run.run(minutes * 60 - interval / 2, interval)
                code = await asyncio.to_thread(client.wait, 300.0)
                worker.send(SIGTERM)
                await asyncio.to_thread(worker.wait, 60.0)
                return [*run.faults(), *_judge_client(client, code)]


def _judge_client(client: Child, code: int) -> Iterator[str]:
    told = client.said.strip().splitlines()[-1] if client.said.strip() else ""
    print(f"the client: {told}")
    if code or not told.startswith("{"):
        yield f"the client ended with {code}:\n{client.said[-2000:]}"
    elif json.loads(told).get("wrong") or json.loads(told).get("right") != json.loads(told)["submitted"]:
        yield f"not all ended as they should: {told}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=50.0, help="tasks a second, children apart")
    parser.add_argument("--interval", type=float, default=30.0, help="seconds between two looks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mog-soak-") as scratch:
        faults = asyncio.run(soak(options.minutes, options.rate, options.interval, Path(scratch)))
    print("\n".join(faults) or "flat")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
