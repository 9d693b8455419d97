"""Submits without end, and writes down each task whose submission has been answered: ``acknowledged.txt``."""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

from tests.chaos.lives import app


async def main() -> None:
    path = Path(os.environ["CHAOS_DIRECTORY"]) / "acknowledged.txt"
    journal = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    async with app:
        for size in count(1):
            requests = [app.create_request("life.ping") for _ in range(size % 50 + 1)]
            results = [await app.submit(requests[0])] if len(requests) == 1 else await app.submit_many(requests)
            os.write(journal, "".join(f"{result.id}\n" for result in results).encode())


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
