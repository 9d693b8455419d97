"""MOG401 long-loop-without-checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Applicability, Severity
from mog_lint.model.blocks import Kind
from mog_lint.model.contexts import calls_context
from mog_lint.model.tasks import Task
from mog_lint.model.working import long_loops
from mog_lint.pausing import context_of
from mog_lint.rule import Bad, FixPlan, Good, Report, Rule, RuleContext


class LongLoopWithoutCheckpoint(Rule):
    """A task that works through many things and keeps no place.

    What it does
    ------------
    Reports loops and awaiting comprehensions in the own body of a task of mog or Mognet that await something, or call a
    function of the project or what waits for a network or a disk, and in which nothing keeps a place: no
    `context.checkpointed`, no change of `context.state`, no Pause, and no call that is given the context or its state.
    Of loops in one another the outermost is reported.

    Left alone are loops that are known to be short: over what is written out there or at the module's top level, a
    slice or `range` of at most 1,000 items, or a `while` that counts as far, or counts its tries. So are loops that
    only submit other tasks.

    The fix lets a plain `for` go over `context.checkpointed(…)`, which remembers the place. It is unsafe: the items
    must come in the same order each time, and one that was under way is done again. For Mognet, which lacks it, there
    is none.

    Why
    ---
    A worker is stopped at each deployment, and now and then one dies. Its tasks begin anew then: without a place, an
    hour's work is done twice, and a task that takes longer than workers live never ends.
    """

    code = "MOG401"
    name = "long-loop-without-checkpoint"
    severity = Severity.WARNING
    fixes = (Applicability.UNSAFE,)
    examples = (
        Bad(
            "many items",
            'from mog import Context, task\n\n\n@task(name="shop.invoice")\n'
            "async def invoice(context: Context, orders: list[int]):\n    for order in orders:\n"
            "        await send(order)\n",
            marked=("for order in orders",),
            fixed='from mog import Context, task\n\n\n@task(name="shop.invoice")\n'
            "async def invoice(context: Context, orders: list[int]):\n"
            "    async for order in context.checkpointed(orders):\n        await send(order)\n",
            applicability=Applicability.UNSAFE,
        ),
        Bad(
            "two loops, in a thread",
            "import requests\nfrom mog import task\nfrom shop import load\n\n\n"
            '@task(name="shop.fetch")\ndef fetch(ctx, orders):\n'
            "    for order in orders:\n        requests.get(order.url)\n    for number, page in enumerate(load()):\n"
            "        store(number, page)\n\n\ndef store(number, page): ...\n",
            marked=("for order in orders", "for number, page in enumerate(load())"),
            fixed="import requests\nfrom mog import task\nfrom shop import load\n\n\n"
            '@task(name="shop.fetch")\ndef fetch(ctx, orders):\n'
            '    for order in ctx.checkpointed(orders, name="orders"):\n        requests.get(order.url)\n'
            '    for number, page in ctx.checkpointed(enumerate(load()), name="loop-2"):\n'
            "        store(number, page)\n\n\ndef store(number, page): ...\n",
            applicability=Applicability.UNSAFE,
        ),
        Bad(
            "endless, asynchronous, comprehension",
            'from mog import task\n\n\n@task(name="shop.fetch")\nasync def fetch(context, client, orders):\n'
            "    while True:\n        page = await client.next()\n        if not page:\n            break\n"
            "    async for row in client.rows():\n        for part in row:\n            await part.save()\n"
            "    return [await client.get(order) for order in orders]\n",
            marked=(
                "while True",
                "async for row in client.rows()",
                "[await client.get(order) for order in orders]",
            ),
        ),
        Bad(
            "Mognet",
            'from mognet import task\n\n\n@task(name="shop.fetch")\nasync def fetch(context, client, last):\n'
            "    page = 1\n    while page <= last:\n        await client.get(page)\n        page += 1\n"
            "    for page in range(1001):\n        await client.get(page)\n",
            marked=("while page <= last", "for page in range(1001)"),
        ),
        Good(
            "keeps its place",
            'from mog import Context, Pause, task\n\n\n@task(name="a")\nasync def a(context: Context, rows, pages):\n'
            "    async for number, row in context.checkpointed(enumerate(rows), name='rows'):\n"
            "        for part in row:\n            await part.save()\n    for number, page in enumerate(pages):\n"
            "        await page.save()\n        await context.state.set('page', number)\n"
            "    state = context.state\n    for page in pages:\n        await keep(state, page)\n"
            "    for page in pages:\n"
            "        await page.save()\n        if context.stopping.is_set():\n            raise Pause\n"
            "    for page in pages:\n        async for part in context.checkpointed(page, name='parts'):\n"
            "            await part.save()\n",
        ),
        Good(
            "hands the context on",
            'from mog import task\n\n\n@task(name="a")\nasync def a(ctx, rows):\n    for row in rows:\n'
            "        await save(row, context=ctx)\n",
        ),
        Good(
            "short",
            "import asyncio\nfrom mog import task\n\nSIZES = (100, 200, 400)\nNAMES = {'a': 1, 'b': 2}\n\n\n"
            '@task(name="a")\nasync def a(context, rows):\n    for row in (1, 2, 3):\n        await save(row)\n'
            "    for size in SIZES:\n        await save(size)\n    for name, _ in NAMES.items():\n"
            "        await save(name)\n    for row in rows[:5]:\n        await save(row)\n    for row in rows[-5:]:\n"
            "        await save(row)\n    for number, row in enumerate(rows[10:20]):\n        await save(row)\n"
            "    for number in range(1000):\n        await save(number)\n    number = 0\n    while number < 10:\n"
            "        number += 1\n        await save(number)\n    for size, row in zip(SIZES, rows):\n"
            "        await save(row)\n",
        ),
        Good(
            "submits other tasks",
            'import asyncio\nfrom mog import task\n\n\n@task(name="a")\nasync def a(context, rows):\n'
            "    for row in rows:\n"
            "        await context.submit('b', row)\n        await asyncio.sleep(0)\n"
            "    await context.gather(*[await context.submit('b', row) for row in rows])\n",
        ),
        Good(
            "only computes",
            'from mog import task\n\n\nclass Row: ...\n\n\n@task(name="a")\ndef a(context, rows):\n'
            "    total = 0\n    for row in rows:\n        total += len(row.name.strip())\n"
            "    return [Row(row) for row in rows], total\n",
        ),
        Good(
            "together",
            'import asyncio\nfrom mog import task\n\n\n@task(name="a")\nasync def a(context, rows):\n'
            "    await asyncio.gather(*(save(row) for row in rows))\n    for row in await load():\n"
            "        print(row)\n",
        ),
        Good(
            "polling is MOG402's",
            'import asyncio\nfrom mog import task\n\n\n@task(name="a")\nasync def a(context):\n'
            "    while not await ready():\n        await asyncio.sleep(5)\n",
        ),
        Good(
            "counts its tries",
            'import asyncio\nfrom mog import task\n\n\n@task(name="a")\nasync def a(context, most):\n    tries = 0\n'
            "    while tries < most:\n        tries += 1\n        try:\n            return await work()\n"
            "        except OSError:\n            print(tries)\n    while most > 0:\n        most -= 1\n"
            "        await asyncio.sleep(1)\n",
        ),
        Good(
            "lists what comes",
            'from mog import task\n\n\n@task(name="a")\nasync def a(context, client):\n'
            "    rows = [row async for row in client.rows()]\n    async for row in client.rows():\n"
            "        rows.append(row)\n",
        ),
        Good(
            "task of another library, which has no place to keep",
            "import requests\nfrom celery import shared_task\n\n\n@shared_task\ndef fetch(urls):\n"
            "    for url in urls:\n        requests.get(url)\n",
            config={"task_decorators": ("celery.shared_task",)},
        ),
        Good(
            "collects what was begun before",
            'import asyncio\nfrom mog import task\n\n\n@task(name="a")\nasync def a(context, rows):\n    found = []\n'
            "    for done in asyncio.as_completed([context.run(other, row) for row in rows]):\n"
            "        found.append(await done)\n",
        ),
        Good("no task", "async def work(rows):\n    for row in rows:\n        await save(row)\n"),
        Good(
            "inner function",
            'from mog import task\n\n\n@task(name="a")\nasync def a(context, rows):\n    async def work():\n'
            "        for row in rows:\n            await save(row)\n\n    await go(work)\n",
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report loops that begin anew when their task does."""
        for task in context.own_tasks:
            if not task.is_own_api:
                continue
            loops = list(long_loops(task.function, task.module, context.interruptions))
            named = len(loops) > 1 or calls_context(
                task.function.calls, frozenset({"checkpointed"}), context.project, task.module
            )
            for number, loop in enumerate(loops, 1):
                message = f"this loop begins anew when `{task.function.qualname}` does: {_advice(task)}"
                fix = _fix(task, number if named else 0) if loop.kind is Kind.FOR else None
                yield Report(loop.site, message, fix)


def _advice(task: Task) -> str:
    if task.is_mog:
        return "let it go over `context.checkpointed(…)`, or keep its place in `context.state`"
    return "keep its place in `context.state`"


def _fix(task: Task, number: int) -> FixPlan | None:
    name = context_of(task)
    if name is None:
        return None
    is_async = task.function.is_async
    return FixPlan(
        "remember the place; the items must come in the same order each time",
        Applicability.UNSAFE,
        lambda editor: editor.keep_place(name, is_async=is_async, number=number),
    )
