"""mog on its embedded engine, a SQLite file. Variants: ``full`` (durability), ``command`` (the worker is `mog run`,
which prints a line per task, instead of the library's quiet worker)."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapter import SETTING, STAMPS, Adapter

from mog import App, Context, ResultState
from mog.worker.run import run_worker

FULL, COMMAND = "full" in SETTING.variant, "command" in SETTING.variant

app = App("bench", broker=f"sqlite:///{SETTING.directory / 'mog.db'}", durability="full" if FULL else "normal")


@app.task(name="bench.noop")
async def noop(_context: Context) -> int:
    STAMPS.add()
    return 1


@app.task(name="bench.parent")
async def parent(context: Context, count: int) -> float:
    began = time.perf_counter()
    await context.gather(*(context.create_request(noop) for _ in range(count)))
    return time.perf_counter() - began


class MogSqlite(Adapter):
    """Everything by mog's public interface."""

    durability = (
        f"WAL, synchronous={'FULL: a submit that returned survives the loss of power' if FULL else 'NORMAL'}"
        f"{'' if FULL else ': what returned survives the death of any process; the loss of power may undo the last'}; "
        "claimed by the living owner's lock and removed with the result in one transaction: at least once"
    )

    async def open(self) -> None:
        await app.connect()

    async def close(self) -> None:
        await app.close()

    async def submit(self) -> Any:
        return await app.submit(noop)

    async def submit_many(self, count: int) -> list[Any]:
        return list(await app.submit_many(app.create_request(noop) for _ in range(count)))

    async def result(self, handle: Any) -> Any:
        return await handle

    async def count_stored(self) -> int:
        return len(await app.find_results(states=[ResultState.SUCCESS], limit=1_000_000))

    async def all_stored(self, count: int) -> bool:  # noqa: ARG002 - an empty queue says it too, and sooner
        [depth] = await app.queue_depths()
        return depth.ready + depth.running + depth.delayed == 0

    async def fan_out(self, count: int) -> float:
        return await app.run(parent, count)

    def worker_command(self, concurrency: int) -> Sequence[str]:
        if COMMAND:
            mog = str(Path(sys.executable).with_name("mog"))
            return [mog, "run", "systems.mog_sqlite:app", "--concurrency", str(concurrency)]
        return [sys.executable, "-c", f"from systems.mog_sqlite import run; run({concurrency})"]


def run(concurrency: int) -> None:
    """Be the worker."""
    sys.exit(run_worker(app, concurrency=concurrency))


ADAPTER = MogSqlite()
