"""MOG303 pause-without-checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Severity
from mog_lint.model.blocks import Kind
from mog_lint.model.contexts import READS, calls_context
from mog_lint.rule import Bad, Good, Report, Rule, RuleContext

PAUSE = ".Pause"


class PauseWithoutCheckpoint(Rule):
    """A task that pauses after work and remembers nothing of it.

    What it does
    ------------
    Reports a Pause that a task raises itself, also by `context.pause()`, after it has done something on the way there:
    gone through a loop that awaits or calls, or awaited or called something for what it does, not for what it gives.
    A task that reads its state anywhere, goes over `context.checkpointed(…)`, or gives its context to a function, is
    left alone.

    So is a task that only looks whether it can begin: `if not await paid(order): raise Pause(delay=60)`; and a handler
    that pauses because the one thing tried has failed.

    Why
    ---
    A paused task runs from its start when it comes back. What it did before the Pause it does again, each time: mails
    are sent twice, and a loop that pauses in the middle never gets past it.
    """

    code = "MOG303"
    name = "pause-without-checkpoint"
    severity = Severity.WARNING
    examples = (
        Bad(
            "in a loop",
            'from mog import Pause, task\n\n\n@task(name="shop.send")\nasync def send(context, orders):\n'
            "    for order in orders:\n        await order.send()\n        if context.stopping.is_set():\n"
            "            raise Pause\n",
            marked=("raise Pause",),
        ),
        Bad(
            "after a step",
            'from mog import Pause, task\n\n\n@task(name="shop.publish")\nasync def publish(context, order):\n'
            "    await order.upload()\n    if not await order.paid():\n        raise Pause(delay=60)\n"
            "    await order.publish()\n",
            marked=("raise Pause(delay=60)",),
        ),
        Bad(
            "in a thread, of another name",
            'import mog\n\n\n@mog.task(name="shop.publish")\ndef publish(ctx, order):\n    upload(order)\n'
            "    if order.slow:\n        ctx.pause(delay=60)\n\n\n"
            '@mog.task(name="shop.print")\ndef print_all(ctx, orders):\n    for order in orders:\n'
            "        printed(order)\n    if orders:\n        raise mog.Pause(5)\n",
            marked=("ctx.pause(delay=60)", "raise mog.Pause(5)"),
        ),
        Bad(
            "Mognet",
            "from mognet import task\nfrom mognet.exceptions.task_exceptions import Pause\n\n\n"
            '@task(name="shop.send")\nasync def send(context, orders):\n    while orders:\n'
            "        await orders.pop().send()\n        if orders.slow:\n            raise Pause()\n",
            marked=("raise Pause()",),
        ),
        Good(
            "a place is kept",
            'from mog import Pause, task\n\n\n@task(name="a")\nasync def a(context, orders):\n'
            "    start = await context.state.get('start', 0)\n"
            "    for number, order in enumerate(orders[start:], start):\n"
            "        await order.send()\n        await context.state.set('start', number + 1)\n"
            "        if context.stopping.is_set():\n            raise Pause\n\n\n"
            '@task(name="b")\nasync def b(context, orders):\n    async for order in context.checkpointed(orders):\n'
            "        await order.send()\n    raise Pause\n\n\n"
            '@task(name="c")\nasync def c(context, orders):\n    for order in orders:\n'
            "        await once(context, order)\n    raise Pause\n",
        ),
        Good(
            "only looks",
            'from mog import Pause, task\n\n\n@task(name="a")\nasync def a(context, order):\n'
            "    if not await order.paid():\n        raise Pause(delay=60)\n    await order.publish()\n\n\n"
            '@task(name="b")\nasync def b(context, order):\n    state = await order.look()\n    print(state)\n'
            "    if state == 'paid':\n        await order.publish()\n        return\n    raise Pause(delay=60)\n\n\n"
            '@task(name="c")\nasync def c(context, order):\n    while True:\n        if await order.paid():\n'
            "            break\n        raise Pause(delay=60)\n",
        ),
        Good(
            "at the head",
            'from mog import Pause, task\n\n\n@task(name="a")\nasync def a(context, order):\n'
            "    if order.early:\n        raise Pause(delay=60)\n    for part in order:\n        await part.send()\n",
        ),
        Good(
            "tried and failed",
            'from mog import Pause, task\n\n\n@task(name="a")\nasync def a(context, order):\n    try:\n'
            "        await order.send()\n    except TimeoutError:\n        raise Pause(delay=60)\n",
        ),
        Good(
            "retries are another matter",
            'from mog import Retry, task\n\n\n@task(name="a")\nasync def a(context, order):\n'
            "    await order.upload()\n    raise Retry(delay=60)\n",
        ),
        Good(
            "in a helper",
            'from mog import Pause, task\n\n\n@task(name="a")\nasync def a(context, order):\n'
            "    await order.upload()\n    await wait_for(order)\n\n\nasync def wait_for(order):\n    print(order)\n"
            "    raise Pause(delay=60)\n",
        ),
        Good(
            "own Pause",
            "from mog import task\nfrom shop import Pause\n\n\n"
            '@task(name="a")\nasync def a(context, order):\n    await order.upload()\n    raise Pause(delay=60)\n',
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report pauses after work in tasks that read no state."""
        for task in context.own_tasks:
            function, module = task.function, task.module
            late = {block.first - 1: block for block in function.blocks if block.kind is Kind.LATE}
            if not late or calls_context(function.calls, READS, context.project, module):
                continue
            for item in context.interruptions.own(function, module):
                if item.number in late and item.raised.endswith(PAUSE):
                    message = f"`{function.qualname}` does all again that it has done before this pause"
                    yield Report(late[item.number].site, f"{message}: keep its place in `context.state`")
