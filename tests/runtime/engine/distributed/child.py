"""A worker as a process of its own: ``python child.py NAME AMQP REDIS DIRECTORY``.

Its task notes each run in a file of the directory, and now and then pauses, is retried or fans out.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from mog import App, Context, Pause
from mog.worker.run import run_worker


def make_app(name: str, amqp_url: str, redis_url: str, directory: Path) -> App:
    """Return the app, of which the submitting process has one, too."""
    app = App(name, broker=amqp_url, results=redis_url, max_retries=100, grace=2.0)

    @app.task(name="work", retries=5, backoff=0.05)
    async def work(context: Context, number: int) -> int:
        with (directory / "runs").open("ab", buffering=0) as runs:
            runs.write(b"%d\n" % number)
        await asyncio.sleep(0.01 * (number % 7))
        if number % 11 == 0 and await context.state.get("paused") is None:
            await context.state.set("paused", value=True)
            raise Pause(delay=0.1 * (number % 3))
        if number % 13 == 0 and await context.state.get("failed") is None:
            await context.state.set("failed", value=True)
            raise ValueError(number)
        if number % 17 == 0:
            return sum(await context.gather(*(context.create_request("leaf", number, part) for part in range(3))))
        return number

    @app.task(name="leaf")
    async def leaf(context: Context, number: int, part: int) -> int:
        return number if part == 0 else 0

    return app


if __name__ == "__main__":
    name, amqp_url, redis_url, directory = sys.argv[1:]
    os.environ.pop("MOG_BROKER", None)
    sys.exit(run_worker(make_app(name, amqp_url, redis_url, Path(directory)), concurrency=10))
