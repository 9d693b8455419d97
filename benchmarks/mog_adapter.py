"""mog, whichever its engine: the tasks, and everything by its public interface."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapter import SETTING, STAMPS, Adapter

from mog import App, Context, ResultState, task
from mog.worker.run import run_worker

COMMAND = "command" in SETTING.variant


@task(name="bench.noop")
async def noop(_context: Context) -> int:
    STAMPS.add()
    return 1


@task(name="bench.parent")
async def parent(context: Context, count: int) -> float:
    began = time.perf_counter()
    await context.gather(*(context.create_request(noop) for _ in range(count)))
    return time.perf_counter() - began


class MogAdapter(Adapter):
    """Its file has the app as ``app`` and the adapter as ``ADAPTER``; the worker is quiet, or with ``command`` that of
    `mog run`, which prints a line per task."""

    def __init__(self, app: App, module: str, durability: str) -> None:
        self.app, self.module, self.durability = app, module, durability

    async def open(self) -> None:
        await self.app.connect()

    async def close(self) -> None:
        await self.app.close()

    async def submit(self) -> Any:
        return await self.app.submit(noop)

    async def submit_many(self, count: int) -> list[Any]:
        return list(await self.app.submit_many(self.app.create_request(noop) for _ in range(count)))

    async def result(self, handle: Any) -> Any:
        return await handle

    async def count_stored(self, _handles: Sequence[Any], /) -> int:
        return len(await self.app.find_results(states=[ResultState.SUCCESS], limit=1_000_000))

    async def all_stored(self, _handles: Sequence[Any], /) -> bool:
        """Look at the queue: that it is empty says it too, and sooner."""
        [depth] = await self.app.queue_depths()
        return depth.ready + depth.running + depth.delayed == 0

    async def fan_out(self, count: int) -> float:
        return await self.app.run(parent, count)

    def worker_command(self, concurrency: int) -> Sequence[str]:
        if COMMAND:
            mog = str(Path(sys.executable).with_name("mog"))
            return [mog, "run", f"{self.module}:app", "--concurrency", str(concurrency)]
        return [sys.executable, "-c", f"from {self.module} import ADAPTER; ADAPTER.work({concurrency})"]

    def work(self, concurrency: int) -> None:
        """Be the worker."""
        sys.exit(run_worker(self.app, concurrency=concurrency))
