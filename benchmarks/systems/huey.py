# /// script
# dependencies = ["huey==3.5.4"]
# ///
"""huey on SQLite, the peer of the embedded engine. Variants: ``tuned`` (polls every 5 to 10 ms instead of 0.1 to
10 s), ``off`` (synchronous=OFF, the only choice that huey offers besides FULL; mog's default, NORMAL, lies between)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapter import SETTING, STAMPS, Adapter
from huey import SqliteHuey

TUNED, OFF = "tuned" in SETTING.variant, "off" in SETTING.variant

queue = SqliteHuey("bench", filename=str(SETTING.directory / "huey.db"), fsync=False if OFF else None)


@queue.task()
def noop() -> int:
    STAMPS.add()
    return 1


class Huey(Adapter):
    """Threads on both sides; a worker polls for tasks, and who waits for a result polls for it."""

    durability = (
        f"WAL, synchronous={'OFF' if OFF else 'FULL'}; a task is deleted before it runs: at most once, lost with its "
        "worker"
    )

    async def submit(self) -> Any:
        return noop()

    async def result(self, handle: Any) -> Any:
        return handle.get(blocking=True, timeout=20, max_delay=0.005 if TUNED else 1.0)

    async def count_stored(self, _handles: Sequence[Any], /) -> int:
        return int(queue.storage.result_store_size())

    def worker_command(self, concurrency: int) -> Sequence[str]:
        consumer = str(Path(sys.executable).with_name("huey_consumer"))
        polling = ["-d", "0.005", "-m", "0.01"] if TUNED else []
        return [consumer, "systems.huey.queue", "-w", str(concurrency), "-k", "thread", "-q", *polling]


ADAPTER = Huey()
