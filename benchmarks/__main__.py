"""Runs systems beside each other, round by round, and prints what they did as tables."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from adapter import Setting
from environments import CACHE, HERE, environment_of, packages_of, pins_of, systems, variables
from processes import wait_until_quiet
from report import QUIET, Findings, Row, render, render_boot, render_load, render_startup
from startup import measure_startup

SETS = {
    "embedded": (
        "mog_sqlite",
        "mog_sqlite:command",
        "mog_sqlite:full",
        "huey",
        "huey:tuned",
        "huey:off+tuned",
        "raw_sqlite",
        "raw_sqlite:batch",
    ),
    "distributed": (
        "mog_rabbitmq",
        "mog_rabbitmq:command",
        "mog_rabbitmq:quorum",
        "taskiq:tuned",
        "taskiq:classic+tuned",
        "dramatiq",
        "celery",
        "mognet:tuned",
        "arq:tuned",
        "saq:tuned",
        "raw_rabbitmq",
        "raw_rabbitmq:batch+pending",
    ),
}
"""Systems that are measured beside each other, the first one of them mog as it comes."""

PROJECT_PACKAGES = ("mogkit", "pydantic", "typer")
"""Packages of the project's environment of which the report gives the version; of the others, those that are pinned."""

MEASURES = ("enqueue", "drain-10", "drain-100", "session", "fanout", "startup")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument(
        "systems",
        nargs="*",
        default=["embedded"],
        metavar="SYSTEM[:VARIANT+…]",
        help=f"or a set of systems: {', '.join(SETS)} (%(default)s)",
    )
    parser.add_argument("--measures", default=",".join(MEASURES), help="default: %(default)s")
    parser.add_argument("--n", type=int, default=5000, help="tasks of an enqueue or drain (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--idle", type=float, default=10, metavar="S", help="seconds of rest (%(default)s)")
    parser.add_argument("--patience", type=float, default=10, metavar="S", help="wait for quiet (%(default)s)")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write all figures there as JSON")
    options = parser.parse_args(arguments)
    options.systems = [name for chosen in options.systems for name in SETS.get(chosen, (chosen,))]
    for name in options.systems:
        if name.partition(":")[0] not in systems():
            parser.error(f"there is no system {name!r}; there are {', '.join([*SETS, *systems()])}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if something could not be measured."""
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("benchmarks: they read /proc, and run on Linux only")
    options = parse(arguments)
    began = datetime.now().astimezone()
    found = measure_all(options)
    print(describe(began, options, found.servers))
    print(render(found.rows, options.systems))
    if found.startup:
        print(render_startup(found.startup))
        print(render_boot(found.rows, found.startup, options.systems))
    print(render_load(found.rows))
    for name, words in found.durability.items():
        print(f"- {name}: {words}")
    if options.save is not None:
        figures = [{"round": row.round, "system": row.system, **row.figures} for row in found.rows]
        saved = {"began": began.isoformat(), "rows": figures, "startup": found.startup}
        options.save.write_text(json.dumps(saved, indent=1))
    if found.failed:
        print(f"failed, and not in the tables: {', '.join(found.failed)}", file=sys.stderr)
    return int(bool(found.failed))


def measure_all(options: argparse.Namespace) -> Findings:
    """Do all measurements, one after the other; one that fails is told of, and costs no other."""
    places = {name: environment_of(name.partition(":")[0]) for name in options.systems}
    project, clients = environment_of("mog_sqlite"), places.get("raw_rabbitmq")
    found = Findings()
    for round_, measure, name in plan(options):
        wait_until_quiet(QUIET, options.patience)
        if measure == "startup":
            found.startup.append(measure_startup(project, clients))
            continue
        measured = measure_one(name, places[name], measure, options)
        if measured is None:
            found.failed.append(f"{measure} of {name}")
        elif measured["figures"]:
            found.rows.append(Row(round_, name, measured["figures"]))
            found.durability[name] = measured["durability"]
            found.servers = found.servers or measured["servers"]
            shown = {key: round(figure, 3) for key, figure in measured["figures"].items()}
            print(f"round {round_ + 1}  {measure:10} {name:20} {shown}", file=sys.stderr, flush=True)
    return found


def plan(options: argparse.Namespace) -> Iterator[tuple[int, str, str]]:
    """Return round, measure and system, one after the other; who is first changes from round to round."""
    names = list(options.systems)
    for round_ in range(options.rounds):
        for measure in options.measures.split(","):
            if measure == "startup":
                yield round_, measure, ""
            else:
                yield from ((round_, measure, names[(at + round_) % len(names)]) for at in range(len(names)))


def measure_one(name: str, environment: Path, measure: str, options: argparse.Namespace) -> dict[str, Any] | None:
    """Do one measurement in a process and a directory of its own; None if that fails."""
    system, _, variant = name.partition(":")
    (CACHE / "data").mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=CACHE / "data"))
    setting = Setting(directory, frozenset(variant.split("+")) - {""})
    told = {**variables(), **setting.to_environment(), "PYTHONPATH": str(HERE)}
    program = [str(environment / "bin" / "python"), str(HERE / "measure.py")]
    command = [*program, system, measure, str(options.n), str(options.idle)]
    run = subprocess.run(command, cwd=HERE, env=told, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        print(f"benchmarks: {measure} of {name} failed: see above, and {directory}", file=sys.stderr, flush=True)
        return None
    shutil.rmtree(directory)
    measured: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return measured


def describe(began: datetime, options: argparse.Namespace, servers: str) -> str:
    """Return when, where and on what it was measured."""
    installed = packages_of(environment_of("mog_sqlite"))
    named = [f"{name} {installed[name]}" for name in PROJECT_PACKAGES]
    pinned = {system: pins_of(system) for system in (name.partition(":")[0] for name in options.systems)}
    named += [f"{system} ({', '.join(pins)})" for system, pins in pinned.items() if pins]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) >> 20
    took = time.strftime("%H:%M:%S", time.gmtime((datetime.now().astimezone() - began).total_seconds()))
    return (
        f"{began:%Y-%m-%d %H:%M}, {took} h; {os.cpu_count()} cores ({processor()}), {memory} GiB, "
        f"{platform.system()} {platform.release().partition('-')[0]}; Python {platform.python_version()}, "
        f"{servers or f'SQLite {sqlite3.sqlite_version}'}; {', '.join(named)}; "
        f"n = {options.n}, {options.rounds} rounds, in turns.\n"
    )


def processor() -> str:
    """Return the processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    sys.exit(main())
