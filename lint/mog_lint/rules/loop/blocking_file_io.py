"""MOG202 blocking-file-io."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.blocking import Kind
from mog_lint.findings import Applicability, Severity
from mog_lint.offloading import advice, thread_fix
from mog_lint.rule import Bad, Good, Report, Rule, RuleContext


class BlockingFileIo(Rule):
    """A coroutine that reads, writes or lists files itself.

    What it does
    ------------
    Reports calls in the body of an `async def` that open, read, write, list, copy, move or remove files, directories
    and archives, as MOG201 does for other calls. What only computes with names, as most of `os.path` does, is left
    alone, and so is what looks at a file's status.

    The fix awaits the call in a thread. It is unsafe, as what happens meanwhile may matter.

    Why
    ---
    A disk is slow when it is busy, and a network drive always; until it answers, no other task of the worker moves.

    Options
    -------
    `blocking-calls` and `non-blocking-calls`: see MOG201.
    """

    code = "MOG202"
    name = "blocking-file-io"
    severity = Severity.WARNING
    fixes = (Applicability.UNSAFE,)
    examples = (
        Bad(
            "whole file",
            "import asyncio\nfrom pathlib import Path\n\n\nasync def load(path: Path):\n    return path.read_text()\n",
            marked=("path.read_text()",),
            fixed="import asyncio\nfrom pathlib import Path\n\n\nasync def load(path: Path):\n"
            "    return await asyncio.to_thread(path.read_text)\n",
            applicability=Applicability.UNSAFE,
        ),
        Bad(
            "open",
            "async def load(path):\n    with open(path) as file:\n        return file.read()\n",
            marked=("open(path)",),
        ),
        Bad(
            "parts of a path",
            "import pathlib\n\n\nclass Shop:\n    def __init__(self, root: pathlib.Path):\n"
            '        self.root = root / "shop"\n\n    async def names(self):\n'
            '        for _ in (self.root.parent / "a" / "b").iterdir(): ...\n',
            marked=('(self.root.parent / "a" / "b").iterdir()',),
        ),
        Bad(
            "directory",
            "import shutil\n\n\nasync def clear(path):\n    shutil.rmtree(path, ignore_errors=True)\n",
            marked=("shutil.rmtree(path, ignore_errors=True)",),
            fixed="import asyncio\nimport shutil\n\n\nasync def clear(path):\n"
            "    await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)\n",
            applicability=Applicability.UNSAFE,
        ),
        Good(
            "names alone",
            "import os.path\nfrom pathlib import Path\n\n\nasync def name(path):\n"
            '    return os.path.join(os.path.abspath(path), "a"), Path(path).with_suffix(".b").name\n',
        ),
        Good(
            "path of anyio",
            "from anyio import Path\n\n\nasync def load(path: Path):\n    return await path.read_text()\n",
        ),
        Good("own open", "from shop import open\n\n\nasync def load(path):\n    return open(path)\n"),
        Good("method", "class Shop:\n    async def load(self):\n        return self.open(), self.door.open()\n"),
        Good(
            "handed to a thread",
            "import asyncio, shutil\n\n\nasync def clear(path):\n    await asyncio.to_thread(shutil.rmtree, path)\n",
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report calls that wait for files."""
        for item in context.coroutines.blocked(context.module, Kind.FILE):
            message = f"`{item.blocking.title}` makes the event loop wait for the disk"
            fix = thread_fix(item.call, item.blocking, context.module.summary)
            yield Report(item.call.site, f"{message}: {advice(item.blocking)}", fix)
