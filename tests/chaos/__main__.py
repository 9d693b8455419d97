"""Runs chaos from the command line: ``python -m tests.chaos --tasks 20000 --kills 30``; exit code 1 for any fault.

``--engine distributed`` starts a RabbitMQ and a Redis of its own, and lets ``--disasters`` befall them: each
is stopped or killed and started again, wires are cut, slowed, half-closed and dead for a while, the queue is deleted,
a worker stands still past its lease, loops are blocked past the heartbeat.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.distributed_ground import distributed_ground
from tests.chaos.grounds import sqlite_ground
from tests.chaos.harness import Chaos, Plan
from tests.chaos.oracle import Report


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "distributed"), default="sqlite")
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--freezes", type=int, default=4)
    parser.add_argument("--stops", type=int, default=6)
    parser.add_argument("--disasters", type=int, default=0)
    parser.add_argument("--families", type=int, default=0, help="how many of the tasks wait for children of theirs")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--patience", type=float, default=900.0, metavar="SECONDS")
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY", help="an empty directory in which all is left")
    options = vars(parser.parse_args())
    keep, engine = options.pop("keep"), options.pop("engine")
    plan = Plan(**options)
    if plan.disasters and engine == "sqlite":
        parser.error("--disasters are those of --engine distributed")
    print(engine, plan, flush=True)
    with tempfile.TemporaryDirectory(prefix="mog-chaos-") as scratch:
        directory = keep.resolve() if keep else Path(scratch)
        directory.mkdir(exist_ok=True)
        report = asyncio.run(run(plan, engine, directory))
    print(report.lines())
    return int(bool(report.faults))


async def run(plan: Plan, engine: str, directory: Path) -> Report:
    async with sqlite_ground(directory) if engine == "sqlite" else distributed_ground() as ground:
        return await Chaos(plan, ground, directory).run()


if __name__ == "__main__":
    sys.exit(main())
