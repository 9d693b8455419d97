"""MOG201 blocking-call."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.blocking import Kind
from mog_lint.findings import Applicability, Severity
from mog_lint.model.coroutines import Blocked
from mog_lint.model.summary import Summary, Use
from mog_lint.offloading import MODULE, advice, can_import, thread_fix
from mog_lint.rule import Bad, FixPlan, Good, Report, Rule, RuleContext

SLEEP = "time.sleep"


class BlockingCall(Rule):
    """A coroutine that calls what blocks its thread: network, processes, sleep, databases, name resolution.

    What it does
    ------------
    Reports calls in the body of an `async def` that are known to block, by their full names: modules may be imported
    under other names, and an object may be made in place, assigned, entered by `with`, annotated, or held in `self`.
    Awaited calls are left alone; so is what is handed over uncalled, as in `asyncio.to_thread(requests.get, url)`, and
    what runs later, in a lambda or an inner function. Commands of click, typer and cyclopts may block, and so may
    functions that these alone call: a command runs once, and nobody else waits.

    The fix of `time.sleep` awaits `asyncio.sleep`. Other calls are awaited in a thread by an unsafe fix: look whether
    what they use may be used from there.

    Why
    ---
    All tasks of a worker share one event loop. While one blocks it, nothing else moves: no other task, no heartbeat, no
    timeout, no signal. The broker may take the worker for dead and give its tasks to another.

    Options
    -------
    `blocking-calls`: further calls, as `"shop.legacy.Client.fetch -> shop.client.fetch"`: the full name, in which `*`
    stands for any text, and what to use instead.
    `non-blocking-calls`: names of calls that are not to be reported.
    `offload-functions`: decorators, by full name, that have a function run in another thread.
    """

    code = "MOG201"
    name = "blocking-call"
    severity = Severity.ERROR
    fixes = (Applicability.SAFE, Applicability.UNSAFE)
    examples = (
        Bad(
            "sleep",
            "import time\n\n\nasync def poll():\n    time.sleep(1)  # a while\n",
            marked=("time.sleep(1)",),
            fixed="import asyncio\nimport time\n\n\nasync def poll():\n    await asyncio.sleep(1)  # a while\n",
        ),
        Bad(
            "request",
            "import asyncio\nimport requests\n\n\nasync def fetch(url):\n    page = requests.get(url, timeout=5)\n"
            "    return page.text\n",
            marked=("requests.get(url, timeout=5)",),
            fixed="import asyncio\nimport requests\n\n\nasync def fetch(url):\n"
            "    page = await asyncio.to_thread(requests.get, url, timeout=5)\n    return page.text\n",
            applicability=Applicability.UNSAFE,
        ),
        Bad(
            "part of an expression",
            "import asyncio\nfrom requests import get\n\n\nasync def fetch(url):\n    return get(url).json()\n",
            marked=("get(url)",),
            fixed="import asyncio\nfrom requests import get\n\n\nasync def fetch(url):\n"
            "    return (await asyncio.to_thread(get, url)).json()\n",
            applicability=Applicability.UNSAFE,
        ),
        Bad(
            "in a comprehension",
            "import requests\n\n\nasync def fetch(urls):\n    return [requests.get(url) for url in urls]\n",
            marked=("requests.get(url)",),
        ),
        Bad(
            "session in self",
            "import requests\n\n\nclass Shop:\n    def __init__(self):\n        self.session = requests.Session()\n\n"
            "    async def fetch(self, url):\n        return [self.session.get(url) for _ in range(2)]\n",
            marked=("self.session.get(url)",),
        ),
        Bad(
            "session of a base class in another module",
            "from .base import Base\n\n\nclass Shop(Base):\n    async def fetch(self, urls):\n"
            "        return {self.session.get(url) for url in urls}\n",
            path="shop/shop.py",
            files={
                "shop/__init__.py": "",
                "shop/base.py": "import requests\n\n\nclass Base:\n    session: requests.Session\n\n"
                "    async def close(self): ...\n",
            },
            marked=("self.session.get(url)",),
        ),
        Bad(
            "database",
            "import sqlite3\n\n\nasync def count(path):\n    with sqlite3.connect(path) as connection:\n"
            '        return connection.execute("select count(*) from orders").fetchone()\n',
            marked=(
                "sqlite3.connect(path)",
                'connection.execute("select count(*) from orders")',
            ),
        ),
        Bad(
            "own blocking call",
            "from shop.legacy import Client\n\n\nasync def fetch(client: Client):\n"
            "    for page in client.fetch(): ...\n",
            config={"blocking_calls": ("shop.legacy.Client.fetch -> shop.client.fetch",)},
            marked=("client.fetch()",),
            fixed="import asyncio\nfrom shop.legacy import Client\n\n\nasync def fetch(client: Client):\n"
            "    for page in (await asyncio.to_thread(client.fetch)): ...\n",
            applicability=Applicability.UNSAFE,
        ),
        Good(
            "handed to a thread",
            "import asyncio, time, requests\n\n\nasync def fetch(loop, executor, url):\n"
            "    await asyncio.to_thread(requests.get, url)\n"
            "    await loop.run_in_executor(None, lambda: requests.get(url))\n"
            "    executor.submit(time.sleep, 1)\n\n    def later():\n        time.sleep(1)\n\n"
            "    await asyncio.to_thread(later)\n",
        ),
        Good("awaited", "from asyncio import sleep\n\n\nasync def poll():\n    await sleep(1)\n"),
        Good("in a function", "import time\n\n\ndef poll():\n    time.sleep(1)\n"),
        Good(
            "without waiting",
            "import os, socket\n\n\nasync def reap(pid):\n    os.waitpid(pid, os.WNOHANG)\n"
            "    os.waitpid(pid, os.WNOHANG | os.WUNTRACED)\n"
            '    socket.getaddrinfo("::1", 80, flags=socket.AI_NUMERICHOST)\n',
        ),
        Good(
            "own function of the name",
            "from time import sleep\n\n\nasync def poll(sleep):\n    sleep(1)\n",
        ),
        Good(
            "offloaded by a decorator",
            "import time\nfrom shop.threads import in_thread\n\n\n@in_thread\nasync def poll():\n    time.sleep(1)\n",
            config={"offload_functions": ("shop.threads.in_thread",)},
        ),
        Good(
            "command",
            "import typer\n\napp = typer.Typer()\n\n\n@app.command()\nasync def show():\n    print(input())\n",
        ),
        Good(
            "known not to block",
            "import redis\n\n\nasync def check(client: redis.Redis):\n    client.ping()\n",
            config={"non_blocking_calls": ("redis.Redis.ping",)},
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report blocking calls, without files and waits, which are other rules'."""
        for item in context.coroutines.blocked(context.module, Kind.CALL):
            message = f"`{item.blocking.title}` blocks the event loop of `{item.function.qualname}`"
            summary = context.module.summary
            fix = _sleep_fix(item, summary) or thread_fix(item.call, item.blocking, summary)
            yield Report(item.call.site, f"{message}: {advice(item.blocking)}", fix)


def _sleep_fix(item: Blocked, summary: Summary) -> FixPlan | None:
    if item.blocking.name != SLEEP or item.call.use is not Use.STATEMENT or not can_import(summary):
        return None
    message = "await `asyncio.sleep`"
    return FixPlan(message, Applicability.SAFE, lambda editor: editor.await_instead("asyncio.sleep"), needs=MODULE)
