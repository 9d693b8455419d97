"""MOG207 nested-event-loop."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.blocking import Kind
from mog_lint.findings import Severity
from mog_lint.rule import Bad, Good, Report, Rule, RuleContext


class NestedEventLoop(Rule):
    """A coroutine that starts an event loop.

    What it does
    ------------
    Reports `asyncio.run`, `Runner().run`, `anyio.run`, `trio.run`, `uvloop.run`, and `run_until_complete` and
    `run_forever` of a loop, in the body of an `async def`. What is handed to a thread uncalled is left alone, as is
    what an inner function does.

    Why
    ---
    The loop that runs the coroutine is already there, and a thread runs one loop at a time: the call raises
    RuntimeError. A coroutine is awaited.
    """

    code = "MOG207"
    name = "nested-event-loop"
    severity = Severity.ERROR
    examples = (
        Bad(
            "run",
            "import asyncio\n\n\nasync def outer(inner):\n    return asyncio.run(inner())\n",
            marked=("asyncio.run(inner())",),
        ),
        Bad(
            "loop in a variable",
            "import asyncio\n\n\nasync def outer(inner):\n    loop = asyncio.get_event_loop()\n"
            "    loop.run_until_complete(inner())\n",
            marked=("loop.run_until_complete(inner())",),
        ),
        Bad(
            "runner",
            "import asyncio\n\n\nasync def outer(inner):\n    with asyncio.Runner() as runner:\n"
            "        runner.run(inner())\n",
            marked=("runner.run(inner())",),
        ),
        Good("awaited", "import asyncio\n\n\nasync def outer(inner):\n    return await inner()\n"),
        Good("in a function", "import asyncio\n\n\ndef main(inner):\n    asyncio.run(inner())\n"),
        Good(
            "in a thread",
            "import asyncio\n\n\nasync def outer(inner):\n    await asyncio.to_thread(asyncio.run, inner())\n"
            "    await asyncio.to_thread(lambda: asyncio.run(inner()))\n",
        ),
        Good("run of another class", "async def outer(runner):\n    runner.run()\n"),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report what starts a loop."""
        for item in context.coroutines.blocked(context.module, Kind.LOOP):
            name = item.blocking.name.rpartition(".")[2] if "Loop" in item.blocking.name else item.blocking.name
            message = f"`{name}` raises RuntimeError in `{item.function.qualname}`, which a loop runs already"
            yield Report(item.call.site, f"{message}: await the coroutine")
