"""What `mog lsp` costs while someone types: the time from a change to its diagnostics, and memory over many changes.

    python benchmarks/editor.py                         a project of 1,000 files, 200 changes each, 10,000 for memory
    python benchmarks/editor.py --files 5000 --typing 0

Run with the Python of an environment that has mog and pygls. The project is made anew below a temporary directory. The
server is a process of its own and is asked as an editor asks: a change, then the diagnostics. Needs Linux.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from processes import MIB, memory_of

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.lint.server.editor import PULLING, Editor

FILES_PER_PACKAGE = 50
LINES = 150  # of a usual file
SIZES = (100, 250, 500, 1_000)
"""Lines of the files that are typed in."""

WARM_UP = 20
PULLED_EVERY = 7
"""Changes until diagnostics are asked for while memory is watched: no multiple of what makes some of them no Python."""

HEAD = ("import asyncio", "import time", "from mog import Context, Request, task", "from shop.app import app")


def file_of(number: int, count: int, lines: int, draw: random.Random) -> str:
    """Return a module: in every tenth three tasks, in every third coroutines that call a helper of another module."""
    other = draw.randrange(count // 10) * 10
    home = f"shop.part{other // FILES_PER_PACKAGE:03}.mod{other:05}"
    text = [
        *HEAD,
        f"from {home} import helper_{other}",
        "",
        "",
        f"def helper_{number}(path):",
        "    return path.upper()",
    ]
    if number % 10 == 0:
        for name in ("load", "resize", "publish"):
            text += [
                "",
                "",
                f'@task(name="shop.mod{number}.{name}", queue="images")',
                f"async def {name}(context: Context, path: str, width: int = 800) -> int:",
                "    total = 0",
                "    for part in path.split('/'):",
                f"        total += len(helper_{number}(part))",
                f"    helper_{other}(path)",
                f'    await context.submit(Request(name="shop.mod{other}.{name}", args=(path,)))',
                "    return total",
            ]
    if number % 3 == 0:
        text += ["", "", "async def slow(path):", "    time.sleep(1)", f"    return helper_{other}(path)"]
    while len(text) < lines - 1:
        text += ["", "", f"class Thing{len(text)}:", "    def method(self, value):"]
        text += ["        found = {key: item for key, item in value.items() if item is not None}"]
        text += ["        return sorted(found, key=lambda name: name.lower())"]
    return "\n".join(text) + "\n"


def make_project(root: Path, count: int) -> None:
    """Write a project of so many modules."""
    draw = random.Random(1)
    package = root / "shop"
    package.mkdir(parents=True)
    (root / "pyproject.toml").write_text('[tool.mog]\nsrc = ["."]\n')
    (package / "__init__.py").touch()
    (package / "app.py").write_text('from mog import App\n\napp = App("shop")\n')
    for number in range(count):
        home = package / f"part{number // FILES_PER_PACKAGE:03}"
        home.mkdir(exist_ok=True)
        (home / "__init__.py").touch()
        (home / f"mod{number:05}.py").write_text(file_of(number, count, LINES, draw))


class Server:
    """`mog lsp` over a project, and the editor that speaks with it."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mog_cli", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.editor = Editor(self.process.stdout, self.process.stdin)
        self.editor.start(root, capabilities=PULLING)

    def cpu(self) -> float:
        """Return the seconds of CPU that the process has used, those of ended threads included."""
        return time.clock_gettime((~self.process.pid << 3) | 2)  # the kernel's number for another process's clock

    def memory(self) -> float:
        """Return the resident memory of all its processes, in MiB."""
        return memory_of(self.process.pid)[0] / MIB

    def stop(self) -> None:
        """End it as an editor does."""
        self.editor.stop()
        self.process.wait()


def changes(text: str, count: int) -> Iterator[str]:
    """Yield versions of a text in which someone types in the middle of a function, at the end, and in an import."""
    middle = text.index("    return path.upper()")
    for number in range(count):
        if number % 3 == 0:
            yield f"{text[:middle]}    seen = {number}\n{text[middle:]}"
        elif number % 3 == 1:
            yield f"{text}\n\nasync def added_{number}(path):\n    time.sleep({number})\n"
        else:
            yield f"import json as json{number}\n{text}"


def latency(server: Server, path: Path, lines: int, count: int) -> tuple[list[float], list[float]]:
    """Return, for each change of a file, the milliseconds until its diagnostics are there, and those of CPU."""
    text = file_of(0, 100, lines, random.Random(2))
    uri = server.editor.open(path, text)
    wall, cpu = [], []
    for number, version in enumerate(changes(text, WARM_UP + count)):
        began, used = time.perf_counter(), server.cpu()
        server.editor.type(uri, version)
        assert server.editor.pulled(uri), "there is always something to find"
        if number >= WARM_UP:
            wall.append((time.perf_counter() - began) * 1e3)
            cpu.append((server.cpu() - used) * 1e3)
    server.editor.close(uri)
    return wall, cpu


def memory_over_time(server: Server, path: Path, count: int) -> list[float]:
    """Return the memory before the changes and after each tenth of them; a fifth of them is no Python."""
    text = file_of(0, 100, LINES, random.Random(2))
    uri = server.editor.open(path, text)
    server.editor.pulled(uri)
    seen = [server.memory()]
    tenth = max(count // 10, 1)
    for number, version in enumerate(changes(text, count), 1):
        server.editor.type(uri, version if number % 5 else f"{version}x = (")
        if number % PULLED_EVERY == 0:
            server.editor.pulled(uri)
            server.editor.heard.clear()
        if number % tenth == 0:
            seen.append(server.memory())
    server.editor.close(uri)
    return seen


def row(name: object, times: Sequence[float]) -> str:
    """Return a row of the table: median, 95th percentile and the fastest."""
    ordered = sorted(times)
    return f"{name:>8}{statistics.median(ordered):10.1f}{ordered[int(len(ordered) * 0.95)]:10.1f}{ordered[0]:10.1f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000, help="of the project (%(default)s)")
    parser.add_argument("--changes", type=int, default=200, help="of each file that is typed in (%(default)s)")
    parser.add_argument("--typing", type=int, default=10_000, help="changes while memory is watched (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mog-editor-") as scratch:
        root = Path(scratch) / "shop"
        make_project(root, options.files)
        path = root / "shop/part000/mod00000.py"
        for state in ("cold", "known"):
            began = time.perf_counter()
            server = Server(root)
            server.editor.pulled(server.editor.open(path))
            print(f"first diagnostics, {state}: {time.perf_counter() - began:.1f} s, {server.memory():.0f} MiB")
            server.stop()
        server = Server(root)
        print(f"\n{'lines':>8}{'p50':>10}{'p95':>10}{'fastest':>10}   milliseconds from a change to its diagnostics")
        for lines in SIZES:
            wall, cpu = latency(server, path, lines, options.changes)
            print(row(lines, wall))
            print(row("CPU", cpu))
        if options.typing:
            seen = memory_over_time(server, path, options.typing)
            print(f"\nmemory over {options.typing} changes, MiB: {' '.join(f'{memory:.1f}' for memory in seen)}")
        server.stop()


if __name__ == "__main__":
    main()
