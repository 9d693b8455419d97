"""MOG402 polling-loop."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Applicability, Severity
from mog_lint.model.tasks import Task
from mog_lint.model.waiting import polling_loops
from mog_lint.pausing import advice, context_of, spell_pause
from mog_lint.rule import Bad, FixPlan, Good, Report, Rule, RuleContext


class PollingLoop(Rule):
    """A task that looks and sleeps in a loop until something has happened.

    What it does
    ------------
    Reports a `while` in a task that sleeps in its turns: by `asyncio.sleep` or that of anyio and trio, in a `def` task
    by `time.sleep`. Left alone are `sleep(0)`, loops that count and give up, after ten turns or after a number that the
    file does not tell, loops that go through pages, and loops that pause.

    The fix pauses instead of the sleep, where the loop's condition alone decides: the task starts anew, looks, and
    pauses again. It is unsafe: what the task does before the loop is done at each look, and what it keeps in variables
    is lost, so keep that in `context.state`. For Mognet, whose Pause has no delay, and for other libraries there is
    none.

    Why
    ---
    A task holds one of its worker's slots for as long as it runs. A hundred that wait for something outside hold a
    hundred slots, and nothing else moves; when the worker stops, each of them is interrupted or delays the end. A
    paused task needs no slot and no worker.
    """

    code = "MOG402"
    name = "polling-loop"
    severity = Severity.WARNING
    fixes = (Applicability.UNSAFE,)
    examples = (
        Bad(
            "condition alone",
            'import asyncio\nfrom mog import Context, task\n\n\n@task(name="shop.publish")\n'
            "async def publish(context: Context, order: int):\n    while not await paid(order):\n"
            "        await asyncio.sleep(5)\n    await send(order)\n",
            marked=("while not await paid(order)",),
            fixed='import asyncio\nfrom mog import Context, task\n\n\n@task(name="shop.publish")\n'
            "async def publish(context: Context, order: int):\n    if not await paid(order):\n"
            "        context.pause(delay=5)\n    await send(order)\n",
            applicability=Applicability.UNSAFE,
        ),
        Bad(
            "endless, left from within",
            'import asyncio\nfrom mog import Pause, task\n\n\n@task(name="shop.publish")\n'
            "async def publish(context, order):\n    while True:\n        state = await look(order)\n"
            '        if state == "paid":\n            break\n        await asyncio.sleep(0.5)  # a while\n'
            "    await send(order)\n",
            marked=("while True",),
            fixed='import asyncio\nfrom mog import Pause, task\n\n\n@task(name="shop.publish")\n'
            "async def publish(context, order):\n    while True:\n        state = await look(order)\n"
            '        if state == "paid":\n            break\n        raise Pause(delay=0.5)  # a while\n'
            "    await send(order)\n",
            applicability=Applicability.UNSAFE,
        ),
        Bad(
            "what a turn finds out counts in the next",
            'import anyio\nfrom mog import task\n\n\n@task(name="shop.publish")\nasync def publish(context, order):\n'
            '    state = None\n    while state != "paid":\n        state = await look(order)\n'
            '        await anyio.sleep(5)\n\n\n@task(name="shop.follow")\nasync def follow(context, order):\n'
            "    delay = 1\n    while True:\n        await look(order)\n        await anyio.sleep(delay)\n"
            "        delay *= 2\n",
            marked=('while state != "paid"', "while True"),
        ),
        Bad(
            "in a thread",
            'import time\nfrom mog import task\n\n\n@task(name="shop.publish")\ndef publish(context, order):\n'
            "    while not paid(order):\n        time.sleep(5)\n",
            marked=("while not paid(order)",),
            fixed='import time\nfrom mog import task\n\n\n@task(name="shop.publish")\ndef publish(context, order):\n'
            "    if not paid(order):\n        context.pause(delay=5)\n",
            applicability=Applicability.UNSAFE,
        ),
        Bad(
            "Mognet",
            'import asyncio\nfrom mognet import task\n\n\n@task(name="a")\nasync def a(context):\n'
            "    while not await ready():\n        await asyncio.sleep(5)\n",
            marked=("while not await ready()",),
        ),
        Bad(
            "task of another library",
            "import time\nfrom celery import shared_task\n\n\n@shared_task\ndef publish(order):\n"
            "    while not paid(order):\n        time.sleep(5)\n",
            config={"task_decorators": ("celery.shared_task",)},
            marked=("while not paid(order)",),
        ),
        Bad(
            "until a time is over",
            'import asyncio\nfrom mognet import task\n\n\n@task(name="a")\nasync def a(context, order, most):\n'
            "    waited = 0\n    while waited < most:\n        await look(order)\n        await asyncio.sleep(5)\n"
            "        waited += 5\n",
            marked=("while waited < most",),
        ),
        Good(
            "a few tries",
            'import asyncio\nfrom mog import task\n\n\n@task(name="a")\nasync def a(context, most):\n'
            "    tries = 0\n    while tries < 5:\n        tries += 1\n        await asyncio.sleep(1)\n"
            "    while True:\n        tries += 1\n        if tries == 10 or await ready():\n            break\n"
            "        await asyncio.sleep(1)\n    left = 3\n    while left:\n        left -= 1\n"
            "        await asyncio.sleep(1)\n    while left < most and not await ready():\n        left += 1\n"
            "        await asyncio.sleep(1)\n",
        ),
        Good(
            "goes through pages",
            'import asyncio\nfrom mog import task\n\n\n@task(name="a")\nasync def a(context):\n    first = total = 0\n'
            "    while first <= total:\n        total = await load(first)\n        first += 200\n"
            "        await asyncio.sleep(6)\n",
        ),
        Good(
            "lets others run",
            'import asyncio\nfrom mog import task\n\n\n@task(name="a")\nasync def a(context, words):\n'
            "    while words:\n        count(words.pop())\n        await asyncio.sleep(0)\n",
        ),
        Good(
            "pauses by itself",
            'import asyncio\nfrom mog import Pause, task\n\n\n@task(name="a")\nasync def a(context):\n'
            "    while not await ready():\n        if context.stopping.is_set():\n            raise Pause\n"
            "        await asyncio.sleep(1)\n",
        ),
        Good(
            "no task",
            "import asyncio\n\n\nasync def watch():\n    while True:\n        await asyncio.sleep(5)\n",
        ),
        Good(
            "inner function",
            'import asyncio\nfrom mog import task\n\n\n@task(name="a")\nasync def a(context):\n'
            "    async def beat():\n        while True:\n            await asyncio.sleep(5)\n\n    await go(beat())\n",
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report loops that sleep until something has happened."""
        for task in context.own_tasks:
            for loop in polling_loops(task.function, task.module, context.interruptions):
                message = f"`{task.function.qualname}` holds its slot while this loop waits: {advice(task)}"
                yield Report(loop.site, message, _fix(task, context))


def _fix(task: Task, context: RuleContext) -> FixPlan | None:
    name = context_of(task)
    if name is None:
        return None
    pause = spell_pause(name, task.module, context.project)
    message = "look once and pause; what the task does before the loop is then done at each look"
    return FixPlan(message, Applicability.UNSAFE, lambda editor: editor.pause_instead_of_polling(pause))
