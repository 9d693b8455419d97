"""Runs chaos from the command line: ``python -m tests.chaos --tasks 20000 --kills 30``; exit code 1 for any fault."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.harness import Chaos, Plan


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--freezes", type=int, default=4)
    parser.add_argument("--stops", type=int, default=6)
    parser.add_argument("--families", type=int, default=0, help="how many of the tasks wait for children of theirs")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--patience", type=float, default=900.0, metavar="SECONDS")
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY", help="an empty directory in which all is left")
    options = vars(parser.parse_args())
    keep = options.pop("keep")
    plan = Plan(**options)
    print(plan, flush=True)
    with tempfile.TemporaryDirectory(prefix="mog-chaos-") as scratch:
        directory = keep.resolve() if keep else Path(scratch)
        directory.mkdir(exist_ok=True)
        report = asyncio.run(Chaos(plan, directory).run())
    print(report.lines())
    return int(bool(report.faults))


if __name__ == "__main__":
    sys.exit(main())
