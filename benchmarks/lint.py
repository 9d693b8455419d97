# /// script
# dependencies = ["fixit==2.2.1", "flake8==7.5.0", "flake8-async==26.8.1", "ruff==0.17.6"]
# ///
"""How fast `mog lint` is beside flake8-async, Fixit and ruff's ASYNC rules, and what it needs.

    python benchmarks/lint.py                  all; some three minutes
    python benchmarks/lint.py --repeats 1 cold

Run with the Python of an environment that has the project. The tools get an environment of their own, and the packages
that are linted are fetched, both below `.cache/bench`. Commands take turns, and of each the fastest turn counts.
Needs Linux.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from environments import environment_for, project_environment, sources_of, variables
from processes import MIB, memory_of

COROUTINES = ("aiohttp==3.14.5", "arq==0.28.0", "saq==0.26.4", "streaq==7.2.0")
"""Packages of which more than 45 % of the files hold coroutines."""
LARGE = ("homeassistant==2024.3.3",)
FILE = "aiohttp/web_protocol.py"
FILES = 1_000
CHANGED = 5
FLOOR = """
import gc, sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
import libcst
from mog_lint.model.walking import own
def read(path):
    gc.disable()
    return sum(1 for _ in own(libcst.parse_module(path.read_bytes())))
if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        print(sum(pool.map(read, sorted(Path(".").rglob("*.py")), chunksize=8)))
"""
Command = Sequence[str]


@dataclass(frozen=True)
class Figures:
    """The best of a command's turns: seconds by the clock and of CPU, and the peak of memory in MiB."""

    wall: float
    cpu: float
    memory: float

    @staticmethod
    def best(turns: Sequence[Figures]) -> Figures:
        """Return the smallest of each figure."""
        return Figures(*(min(getattr(turn, name) for turn in turns) for name in ("wall", "cpu", "memory")))


def run(command: Command, directory: Path) -> Figures:
    """Run a command to its end, and watch it; findings are no failure."""
    began = time.perf_counter()
    before = os.times()
    peaks = [0.0]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=directory, env=variables(), text=True, **pipes) as process:
        watch = threading.Thread(target=_watch_memory, args=(process, peaks))
        watch.start()
        _, said = process.communicate()
    wall, after, code = time.perf_counter() - began, os.times(), process.returncode
    watch.join()
    if code not in (0, 1):
        sys.exit(f"benchmarks: `{' '.join(command)}` ended with {code}: {said[-500:]}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Figures(wall, used, peaks[0])


def _watch_memory(process: subprocess.Popen[str], peaks: list[float]) -> None:
    """Note the peak of the proportional memory of a process and all below it, a few times per second."""
    while process.returncode is None:
        with suppress(OSError, KeyError, IndexError):
            peaks.append(memory_of(process.pid)[1] / MIB)
        peaks[:] = [max(peaks)]
        time.sleep(0.1)


def compare(
    directory: Path, commands: Mapping[str, Command], repeats: int, before: Callable[[str], None]
) -> dict[str, Figures]:
    """Run commands in turns and return the figures of each; `before` is called before each turn."""
    turns: dict[str, list[Figures]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            before(name)
            turns[name].append(run(command, directory))
    return {name: Figures.best(found) for name, found in turns.items()}


def show(title: str, figures: Mapping[str, Figures], lines: int) -> None:
    """Print a table; the last column is by how much mog is faster by the clock."""
    print(f"\n{title}: {lines:,} lines\n")
    print(f"| | s | klines/s | CPU s | PSS MiB | ÷ {next(iter(figures))} |\n| --- | --: | --: | --: | --: | --: |")
    first = next(iter(figures.values()))
    for name, item in figures.items():
        memory = f"{item.memory:.0f}" if item.memory else "-"  # it was gone before anyone looked
        cells = (f"{item.wall:.2f}", f"{lines / 1e3 / item.wall:.1f}", f"{item.cpu:.2f}", memory)
        print(f"| {name} | {' | '.join(cells)} | {item.wall / first.wall:.2f} |")


class Bench:
    """The commands, and what they are run on."""

    def __init__(self, scratch: Path, repeats: int) -> None:
        self.repeats = repeats
        project, tools = project_environment() / "bin", environment_for(Path(__file__)) / "bin"
        self.python = str(project / "python")
        self.mog = (str(project / "mog"), "lint", "--format", "concise")
        self.ruff = (str(tools / "ruff"), "check", "--quiet", "--isolated", "--select", "ASYNC")
        self.flake8 = (str(tools / "flake8"), "--isolated", "--select", "ASYNC", "--jobs", "2")
        self.fixit = (str(tools / "fixit"), "--rules", "fixit.rules:NoInheritFromObject", "lint")
        self.coroutines = self.project(scratch / "coroutines", sources_of(*COROUTINES), None)
        self.file = scratch / "one" / "web_protocol.py"
        self.file.parent.mkdir()
        shutil.copy(sources_of(*COROUTINES) / FILE, self.file)
        self.large = self.project(scratch / "large", sources_of(*LARGE), FILES)

    @staticmethod
    def project(directory: Path, source: Path, count: int | None) -> Path:
        """Make a project of the first files of some packages."""
        for file in sorted(source.rglob("*.py"))[:count]:
            target = directory / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        (directory / "pyproject.toml").touch()
        return directory

    def cold(self) -> None:
        """Nothing is known, of packages that are full of coroutines."""
        commands = {
            "mog lint": (*self.mog, "--no-cache"),
            "libcst parse and walk, no more": (self.python, "-c", FLOOR),
            "flake8-async": (*self.flake8, "."),
            "Fixit, one rule": (*self.fixit, "."),
            "ruff, ASYNC": (*self.ruff, "--no-cache", "."),
        }
        self.tell("Cold, packages full of coroutines", self.coroutines, commands)

    def large_cold(self) -> None:
        """Nothing is known, of 1,000 files."""
        commands = {"mog lint": (*self.mog, "--no-cache"), "ruff, ASYNC": (*self.ruff, "--no-cache", ".")}
        self.tell(f"Cold, {FILES:,} files", self.large, commands)

    def unchanged(self) -> None:
        """Nothing has changed since the last run."""
        self.run_all_once()
        commands = {"mog lint": self.mog, "ruff, ASYNC": (*self.ruff, ".")}
        self.tell(f"Nothing changed, {FILES:,} files", self.large, commands)

    def hook(self) -> None:
        """Some files are named that have changed, as by pre-commit."""
        self.run_all_once()
        files = self.changed
        commands = {
            "mog lint": (*self.mog, *files),
            "mog lint, without a cache": (*self.mog, "--no-cache", *files),
            "import libcst, no more": (self.python, "-c", "import libcst"),
            "flake8-async": (*self.flake8, *files),
            "Fixit, one rule": (*self.fixit, *files),
            "ruff, ASYNC": (*self.ruff, *files),
        }
        self.tell(f"{CHANGED} changed files of {FILES:,}", self.large, commands, files)

    def single(self) -> None:
        """One file without a project around it."""
        commands = {
            "mog lint": (*self.mog, "--no-cache", self.file.name),
            "flake8-async": (*self.flake8, self.file.name),
            "Fixit, one rule": (*self.fixit, self.file.name),
            "ruff, ASYNC": (*self.ruff, "--no-cache", self.file.name),
        }
        self.tell("One file", self.file.parent, commands)

    @property
    def changed(self) -> list[str]:
        """The files that change, evenly spread."""
        files = sorted(self.large.rglob("*.py"))
        return [str(file.relative_to(self.large)) for file in files[:: len(files) // CHANGED][:CHANGED]]

    def run_all_once(self) -> None:
        """Let the tools fill their caches."""
        run(self.mog, self.large)
        run((*self.ruff, "."), self.large)

    def tell(self, title: str, directory: Path, commands: Mapping[str, Command], files: Sequence[str] = ()) -> None:
        """Measure and print; the named files get another line before each turn."""
        read = [directory / name for name in files] or sorted(directory.rglob("*.py"))
        lines = sum(path.read_bytes().count(b"\n") for path in read)
        turn = iter(range(1_000_000))

        def change(_: str) -> None:
            number = next(turn)
            for name in files:
                with (directory / name).open("a") as file:
                    file.write(f"changed_{number} = {number}\n")

        show(title, compare(directory, commands, self.repeats, change), lines)


MEASURES = ("cold", "large_cold", "unchanged", "hook", "single")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measures", nargs="*", default=MEASURES, metavar="MEASURE", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each command (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mog-lint-bench-") as scratch:
        bench = Bench(Path(scratch), options.repeats)
        for measure in options.measures:
            if measure not in MEASURES:
                parser.error(f"there is no measure {measure!r}; there are {', '.join(MEASURES)}")
            getattr(bench, measure)()


if __name__ == "__main__":
    main()
