"""A fleet: an app of mog's, and a process of Mognet 2.0.0, from PyPI and in an environment of its own, of that app."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.services import lacking

from mog import App, Pause, Request, Result
from mog.states import ResultState
from mog.testing.conformance.kit import eventually
from mog.worker.worker import Worker

from .fleet_tasks import ROUTES, Side, declare

QUEUES = ("mog", "mognet", "both")

ROOT = Path(__file__).parents[4]
PROGRAM = Path(__file__).with_name("mognet_process.py")

PACKAGES = (
    "mognet==2.0.0",
    "aio-pika==6.8.2",
    "aiormq==3.3.1",
    "click==8.1.7",
    "pydantic==2.14.4",
    "redis==4.6.0",
    "setuptools==75.8.0",  # for pkg_resources, which aiormq 3 imports
)


def environment() -> Path:
    """Return the Python of an environment that has Mognet; made once, below ``.cache``."""
    path = ROOT / ".cache" / f"mognet-2.0.0-{sys.implementation.cache_tag}"
    stamp, wanted = path / "made-for", "\n".join([*PACKAGES, sys.version])
    if not (stamp.is_file() and stamp.read_text() == wanted):
        private = ROOT / ".cache" / "uv" / "bin" / "uv"
        uv = shutil.which("uv") or str(private)
        make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(path)]
        fill = [uv, "pip", "install", "--quiet", "--python", str(path), *PACKAGES]
        try:
            for command in (make, fill):
                subprocess.run(command, check=True, capture_output=True, text=True, timeout=240)
        except (OSError, subprocess.SubprocessError) as error:
            said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
            lacking("Mognet", f"uv and PyPI must be within reach to install it once ({''.join(said)})")
        stamp.write_text(wanted)
    return path / "bin" / "python"


class MognetProcess:
    """Calls the functions of ``mognet_process.Process``: ``await process.submit("mognet.note", 1)``."""

    def __init__(self, app: str, process: subprocess.Popen[str], errors: Path) -> None:
        self.app = app
        self._process, self._errors = process, errors
        self._one_at_a_time = threading.Lock()  # tests run on a loop each

    def __getattr__(self, name: str) -> Any:
        return partial(self._call, name)

    async def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return json.loads(await asyncio.to_thread(self.ask, json.dumps([name, args, kwargs])))

    def ask(self, line: str) -> str:
        """Write a line, if it is not empty, and return the one that is the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._one_at_a_time:
            if line:
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if not answer:
            pytest.fail(f"the process of Mognet has ended:\n{self._errors.read_text()[-3000:]}")
        return answer


@contextmanager
def mognet_process(app: str, amqp_url: str, redis_url: str) -> Iterator[MognetProcess]:
    """Run a process of Mognet."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [environment(), PROGRAM, app, amqp_url, redis_url]
    with tempfile.TemporaryDirectory(prefix="mognet-") as directory:
        errors = Path(directory) / "errors"
        with errors.open("w") as file:
            running = subprocess.Popen(
                command,
                env=variables | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )
        with running:
            try:
                process = MognetProcess(app, running, errors)
                assert process.ask("") == "ready\n"
                yield process
            finally:
                running.kill()


def mogs_app(name: str, amqp_url: str, redis_url: str) -> App:
    """Return an app of mog's that is of the fleet; it has no tasks."""
    return App(
        name,
        broker=amqp_url,
        results=redis_url,
        mognet_interop=True,
        task_routes=ROUTES,
        default_task_route="mog",
        unknown_task_grace=0,
        grace=0.1,
    )


@asynccontextmanager
async def mog_and_mognet(process: MognetProcess, app: App) -> AsyncIterator[Fleet]:
    """Open a fleet whose side of Mognet works."""
    side = Side("mog", Request, Pause)
    declare(app.task, side)
    async with app:
        await app.port().run(lambda engine: engine.broker.declare([app.queues.full_name(queue) for queue in QUEUES]))
        await process.begin()
        yield Fleet(app, process, side)


class Fleet:
    """An app of mog's, and the process of Mognet's that is of the same app."""

    def __init__(self, app: App, mognet: MognetProcess, side: Side) -> None:
        self.app, self.mognet, self.side = app, mognet, side

    @asynccontextmanager
    async def worker(self, concurrency: int = 10) -> AsyncIterator[Worker]:
        """Have mog work for the length of a block."""
        async with self.app.worker(queues=["mog", "both"], concurrency=concurrency) as worker:
            yield worker

    async def submit(self, name: str, *args: Any, **fields: Any) -> Result[Any]:
        """Submit a task by mog."""
        return await self.app.submit(Request(name=name, args=args, **fields))

    async def noted(self, side: str, text: str) -> None:
        """Wait until a task of this side has noted this."""

        async def is_noted() -> bool:
            return text in (self.side.notes if side == "mog" else await self.mognet.notes())

        await eventually(is_noted)

    async def state(self, id_: str | UUID) -> ResultState:
        """Return the state of a task."""
        return (await self.app.result(id_)).state

    async def suspended(self, id_: str | UUID) -> None:
        """Wait until a task is put back."""

        async def is_suspended() -> bool:
            return await self.state(id_) is ResultState.SUSPENDED

        await eventually(is_suspended)
