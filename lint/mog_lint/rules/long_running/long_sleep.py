"""MOG403 long-sleep."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Applicability, Severity
from mog_lint.model.tasks import Task
from mog_lint.model.waiting import polling_loops, sleeps
from mog_lint.pausing import advice, context_of, spell_pause
from mog_lint.rule import Bad, FixPlan, Good, Report, Rule, RuleContext


class LongSleep(Rule):
    """A task that sleeps for long.

    What it does
    ------------
    Reports a sleep of more than `max-sleep` seconds in a task's own body: by `asyncio.sleep` or that of anyio and trio,
    in a `def` task by `time.sleep`. The length must be written out, as a number, a constant of any module, an
    operation of those in one file, or the `total_seconds()` of a timedelta. MOG402 reports loops that sleep until
    something has happened, and this rule leaves them alone.

    The fix pauses once, notes that in `context.state`, and goes past the place when the task runs again. It is unsafe:
    what stands before the sleep is done a second time. For Mognet, whose Pause has no delay, for other libraries and
    inside loops, `try` and `with` there is none.

    Why
    ---
    A task that sleeps holds one of its worker's slots and does nothing with it. When the worker stops, the sleep is cut
    short or delays the end; when it dies, the wait begins anew. A paused task needs no slot and no worker, and is due
    when it was to be due.

    Options
    -------
    `max-sleep`: the longest sleep, in seconds, that is fine; 15 where nothing is said.
    """

    code = "MOG403"
    name = "long-sleep"
    severity = Severity.WARNING
    fixes = (Applicability.UNSAFE,)
    examples = (
        Bad(
            "a minute",
            'import asyncio\nfrom mog import Context, Pause, task\n\n\n@task(name="shop.remind")\n'
            "async def remind(context: Context, order: int):\n    await asyncio.sleep(60)  # they may pay yet\n"
            "    await send(order)\n",
            marked=("asyncio.sleep(60)",),
            fixed='import asyncio\nfrom mog import Context, Pause, task\n\n\n@task(name="shop.remind")\n'
            'async def remind(context: Context, order: int):\n    if not await context.state.get("slept"):\n'
            '        await context.state.set("slept", True)\n        raise Pause(delay=60)  # they may pay yet\n'
            "    await send(order)\n",
            applicability=Applicability.UNSAFE,
        ),
        Bad(
            "constants of modules, operations, timedelta",
            "import asyncio\nfrom datetime import timedelta\nfrom mog import task\nfrom settings import DELAY\n\n"
            "MINUTE = 60.0\nHOUR = timedelta(hours=1)\n\n\n"
            '@task(name="shop.remind")\nasync def remind(context):\n    for _ in range(2):\n'
            "        await asyncio.sleep(DELAY)\n        await asyncio.sleep(2 * MINUTE)\n"
            "        await asyncio.sleep(HOUR.total_seconds())\n",
            files={"settings.py": "DELAY = 5 * 60\n"},
            marked=("asyncio.sleep(DELAY)", "asyncio.sleep(2 * MINUTE)", "asyncio.sleep(HOUR.total_seconds())"),
        ),
        Bad(
            "twice, in a thread",
            'import time\nfrom mog import task\n\n\n@task(name="shop.remind")\ndef remind(context, order):\n'
            "    time.sleep(16)\n    time.sleep(20)\n",
            marked=("time.sleep(16)", "time.sleep(20)"),
            fixed='import time\nfrom mog import task\n\n\n@task(name="shop.remind")\ndef remind(context, order):\n'
            '    if not context.call_threadsafe(context.state.get("slept")):\n'
            '        context.call_threadsafe(context.state.set("slept", True))\n        context.pause(delay=16)\n'
            '    if not context.call_threadsafe(context.state.get("slept-2")):\n'
            '        context.call_threadsafe(context.state.set("slept-2", True))\n        context.pause(delay=20)\n',
            applicability=Applicability.UNSAFE,
        ),
        Bad(
            "Mognet",
            'import anyio\nfrom mognet import task\n\n\n@task(name="shop.remind")\nasync def remind(context):\n'
            "    await anyio.sleep(30)\n",
            marked=("anyio.sleep(30)",),
        ),
        Bad(
            "more than the project allows",
            'import asyncio\nfrom mog import task\n\n\n@task(name="shop.remind")\nasync def remind(context):\n'
            "    with timer():\n        await asyncio.sleep(5)\n",
            config={"max_sleep": 2.0},
            marked=("asyncio.sleep(5)",),
        ),
        Good(
            "short, or as long as may be",
            'import asyncio\nfrom mog import task\n\n\n@task(name="shop.remind")\nasync def remind(context):\n'
            "    await asyncio.sleep(1)\n    await asyncio.sleep(15)\n",
        ),
        Good(
            "of a length that is not written out",
            'import asyncio\nfrom mog import task\n\n\n@task(name="shop.remind")\n'
            "async def remind(context, seconds=60, slow=False):\n    await asyncio.sleep(seconds)\n    delay = 60\n"
            "    if not slow:\n        delay = seconds\n    await asyncio.sleep(delay)\n"
            "    await asyncio.sleep(60 if slow else seconds)\n",
        ),
        Good(
            "polling is MOG402's",
            'import asyncio\nfrom mog import task\n\n\n@task(name="shop.watch")\nasync def watch(context):\n'
            "    while True:\n        await asyncio.sleep(60)\n",
        ),
        Good("no task", "import asyncio\n\n\nasync def watch():\n    await asyncio.sleep(60)\n"),
        Good(
            "sleep of another library",
            'from shop.clock import sleep\nfrom mog import task\n\n\n@task(name="shop.remind")\n'
            "async def remind(context):\n    await sleep(60)\n",
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report sleeps that last longer than the project allows."""
        for task in context.own_tasks:
            polled = polling_loops(task.function, task.module, context.interruptions)
            number = 0
            for sleep in sleeps(task.function, task.module, context.project):
                if sleep.seconds is None or sleep.seconds <= context.config.max_sleep or sleep.loop in polled:
                    continue
                number += 1
                message = f"`{task.function.qualname}` holds its slot for {sleep.seconds:g} s and does nothing"
                yield Report(sleep.call.site, f"{message}: {advice(task)}", _fix(task, context, number))


def _fix(task: Task, context: RuleContext, number: int) -> FixPlan | None:
    name = context_of(task)
    if name is None:
        return None
    pause = spell_pause(name, task.module, context.project)
    is_async = task.function.is_async
    return FixPlan(
        "pause once; what the task does before it is then done a second time",
        Applicability.UNSAFE,
        lambda editor: editor.pause_instead_of_sleep(name, pause, is_async=is_async, number=number),
    )
