"""MOG204 blocking-wait."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.blocking import Kind
from mog_lint.findings import Severity
from mog_lint.model.summary import Use
from mog_lint.offloading import advice
from mog_lint.rule import Bad, Good, Report, Rule, RuleContext

ENTER = ".__enter__"


class BlockingWait(Rule):
    """A coroutine that waits for a thread, a process, a lock or a queue.

    What it does
    ------------
    Reports, in the body of an `async def`, waits for what other threads or processes do: `acquire` of a lock of
    `threading`, `wait` of its events, `get` of a `queue.Queue`, `join`, `result` of a `concurrent.futures.Future`,
    `concurrent.futures.wait`. The object must be known to be one, as MOG201 knows it. `with lock:` is reported only
    around an `await`: a short one protects data that threads share. Left alone is what does not wait, as with
    `block=False` or `timeout=0`, the result of a future that the coroutine asks whether it is done, the item of a queue
    that it asks whether it is empty, and a lock that it has just made.

    Why
    ---
    While it waits, the event loop stands still. Where what it waits for needs the loop, as the result of
    `run_coroutine_threadsafe` and the holder of a lock that awaits do, it waits for ever.

    Options
    -------
    `non-blocking-calls`: see MOG201.
    """

    code = "MOG204"
    name = "blocking-wait"
    severity = Severity.ERROR
    examples = (
        Bad(
            "result of a thread",
            "from concurrent.futures import ThreadPoolExecutor\n\n\nasync def work(pool: ThreadPoolExecutor, job):\n"
            "    return pool.submit(job).result()\n",
            marked=("pool.submit(job).result()",),
        ),
        Bad(
            "own loop's result",
            "import asyncio\n\n\nasync def work(job, loop):\n"
            "    future = asyncio.run_coroutine_threadsafe(job(), loop)\n    return future.result(5)\n",
            marked=("future.result(5)",),
        ),
        Bad(
            "lock around an await",
            "import threading\n\n\nclass Shop:\n    def __init__(self):\n        self.lock = threading.Lock()\n\n"
            "    async def buy(self, order):\n        with self.lock:\n            await order()\n",
            marked=("self.lock",),
        ),
        Bad(
            "event, queue, thread",
            "import queue\nfrom threading import Event, Thread\n\nEVENT = Event()\n\n\n"
            "async def work(jobs: queue.Queue[int], thread: Thread):\n    EVENT.wait()\n    job = jobs.get()\n"
            "    thread.join(timeout=5)\n",
            marked=("EVENT.wait()", "jobs.get()", "thread.join(timeout=5)"),
        ),
        Good(
            "of asyncio",
            "from asyncio import Lock, Queue, Task\n\n\n"
            "async def work(lock: Lock, jobs: Queue[int], task: Task[int]):\n"
            "    async with lock:\n        await jobs.get()\n        return task.result()\n",
        ),
        Good(
            "without waiting",
            "from queue import Queue\nfrom threading import Event, Lock\n\n\n"
            "async def work(jobs: Queue, lock: Lock, event: Event):\n"
            "    lock.acquire(blocking=False)\n    lock.acquire(False)\n    event.wait(0)\n    jobs.get(timeout=0)\n"
            "    jobs.get(block=False)\n    jobs.get_nowait()\n    jobs.put(1)\n",
        ),
        Good(
            "short lock",
            "import threading\n\nLOCK = threading.Lock()\n\n\nasync def count(numbers):\n    with LOCK:\n"
            "        numbers.append(1)\n    await numbers.send()\n",
        ),
        Good(
            "when it is done",
            "from concurrent.futures import Future\n\n\nasync def look(future: Future[int]):\n    if future.done():\n"
            "        return future.result()\n",
        ),
        Good(
            "when there is an item",
            "from queue import Queue\n\n\nasync def look(jobs: Queue):\n    if not jobs.empty():\n"
            "        return jobs.get()\n",
        ),
        Good(
            "own lock",
            "import threading\n\n\nasync def make(locks):\n    lock = threading.Lock()\n    lock.acquire()\n"
            "    locks.append(lock)\n",
        ),
        Good("no thread", 'async def work(names):\n    return ", ".join(names), names.get(1)\n'),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report waits for other threads."""
        for item in context.coroutines.blocked(context.module, Kind.WAIT):
            name = item.blocking.name
            if item.call.use is Use.WITH:
                continue
            if context.coroutines.asks_first(name, item.function, context.module):
                continue
            if name.endswith(ENTER):
                message = f"`{name.removesuffix(ENTER)}` is held across an await: who waits for it stops the event loop"
            else:
                message = f"`{name}` stops the event loop of `{item.function.qualname}` while it waits"
            yield Report(item.call.site, f"{message}: {advice(item.blocking)}")
