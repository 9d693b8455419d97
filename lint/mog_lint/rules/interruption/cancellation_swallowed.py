"""MOG302 cancellation-swallowed."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Severity
from mog_lint.model.blocks import Kind
from mog_lint.rule import Bad, Good, Report, Rule, RuleContext


class CancellationSwallowed(Rule):
    """A coroutine that catches its own cancellation and goes on.

    What it does
    ------------
    Reports handlers of `CancelledError`, of `BaseException` and of everything, and `suppress` of these, around an
    `await` in an `async def`, where what was caught is not raised anew. In tasks, and in what they await, that is an
    error.

    Left alone are handlers that ask who was cancelled (`cancelling()`, `uncancel()`, `cancelled()`, a look at the
    exception) or whether the whole is to end (`stopping`, `closed`, an event's `is_set()`), that keep the exception or
    hand it on, or that raise another one. So are commands of click, typer and cyclopts, awaiting `aclose()`, and what
    the function itself has cancelled, or another method of its object; what a `finally`, or a handler that raises anew,
    does on the way out; what `CancelScope(shield=True)` protects; and the end of a coroutine that runs by itself, as a
    background loop or because it is only ever handed to `create_task` or the like: nobody waits for what comes after.

    Why
    ---
    A task is cancelled by an exception at its `await`. Who catches that and goes on is not cancelled: a revoked task
    works on, a timeout does not end, a worker that is to stop waits until it is killed, and `asyncio.timeout` and
    TaskGroup take the task for one that was never told.
    """

    code = "MOG302"
    name = "cancellation-swallowed"
    severity = Severity.WARNING
    examples = (
        Bad(
            "handler that goes on",
            "import asyncio\n\n\nasync def fetch(client):\n    try:\n        return await client.get()\n"
            "    except asyncio.CancelledError:\n        return None\n",
            marked=("except asyncio.CancelledError",),
        ),
        Bad(
            "everything",
            "async def first(client):\n    try:\n        await client.get()\n    except:\n        pass\n\n\n"
            "async def second(client):\n    try:\n        async for page in client:\n            print(page)\n"
            "    except BaseException as error:\n        print(error)\n    await client.close()\n",
            marked=("except", "except BaseException as error"),
        ),
        Bad(
            "suppress",
            "from asyncio import CancelledError\nfrom contextlib import suppress\n\n\nasync def fetch(client):\n"
            "    with suppress(TimeoutError, CancelledError):\n        await client.get()\n",
            marked=("suppress(TimeoutError, CancelledError)",),
        ),
        Bad(
            "one among others, in a loop",
            "import asyncio\n\n\nasync def listen(client):\n    while True:\n        try:\n"
            "            await client.get()\n"
            "        except (Exception, asyncio.CancelledError):\n            continue\n",
            marked=("except (Exception, asyncio.CancelledError)",),
        ),
        Bad(
            "what a task awaits",
            'import asyncio\nfrom mog import task\n\n\n@task(name="shop.fetch")\nasync def fetch(context):\n'
            "    await look()\n\n\nasync def look():\n    while True:\n        try:\n"
            "            await asyncio.sleep(1)\n"
            "        except asyncio.CancelledError:\n            break\n",
            marked=("except asyncio.CancelledError",),
        ),
        Bad(
            "of anyio",
            "import anyio\n\n\nasync def fetch(client):\n    try:\n        await client.get()\n"
            "    except anyio.get_cancelled_exc_class():\n        print('gone')\n",
            marked=("except anyio.get_cancelled_exc_class()",),
        ),
        Good(
            "raised anew",
            "import asyncio\n\n\nasync def fetch(client):\n    try:\n        await client.get()\n"
            "    except asyncio.CancelledError:\n        await client.close()\n        raise\n"
            "    except BaseException as error:\n        print(error)\n",
        ),
        Good(
            "an error instead",
            "import asyncio\n\n\nasync def fetch(client):\n    try:\n        await client.get()\n"
            "    except asyncio.CancelledError as error:\n        raise TimeoutError from error\n",
        ),
        Good(
            "exceptions",
            "async def fetch(client):\n    try:\n        await client.get()\n    except Exception:\n        pass\n",
        ),
        Good(
            "who was cancelled?",
            "import asyncio\n\n\nasync def fetch(job):\n    try:\n        await job\n"
            "    except asyncio.CancelledError:\n        if asyncio.current_task().cancelling():\n"
            "            raise\n\n\n"
            "async def look(job):\n    try:\n        await job\n    except asyncio.CancelledError:\n"
            "        asyncio.current_task().uncancel()\n",
        ),
        Good(
            "is it to end?",
            "import asyncio\n\n\nclass Shop:\n    async def beat(self):\n        while True:\n            try:\n"
            "                await self.look()\n            except (Exception, asyncio.CancelledError):\n"
            "                if self.event.is_set():\n                    return\n\n"
            "    async def close(self):\n        try:\n            await self.client.aclose()\n"
            "        except BaseException as error:\n            print(error)\n        self.closed = True\n",
        ),
        Good(
            "what it has cancelled itself",
            "import asyncio\nfrom contextlib import suppress\n\n\nasync def stop(job, jobs):\n    job.cancel()\n"
            "    try:\n"
            "        await job\n    except asyncio.CancelledError:\n        pass\n    for other in jobs:\n"
            "        other.cancel()\n    with suppress(asyncio.CancelledError):\n        await asyncio.gather(*jobs)\n",
        ),
        Good(
            "what another method cancels",
            "import asyncio\n\n\nclass Shop:\n    async def run(self):\n        try:\n            await self.job\n"
            "        except asyncio.CancelledError:\n            pass\n\n    def close(self):\n"
            "        self.job.cancel()\n",
        ),
        Good(
            "end of a background loop",
            "import asyncio\n\n\nasync def watch(client):\n    try:\n        while True:\n"
            "            await client.get()\n"
            "    except asyncio.CancelledError:\n        print('bye')\n\n\nasync def listen(client):\n    while True:\n"
            "        try:\n            await client.get()\n        except asyncio.CancelledError:\n            break\n",
        ),
        Good(
            "end of what runs by itself",
            "import asyncio\n\n\nasync def fetch(client):\n    try:\n        await client.get()\n"
            "    except asyncio.CancelledError:\n        print('bye')\n\n\nasync def work(client):\n"
            "    return asyncio.create_task(fetch(client))\n",
        ),
        Good(
            "end of a callback",
            "import asyncio\nfrom tornado.ioloop import IOLoop\n\n\nasync def wait(event):\n    try:\n"
            "        await event.wait()\n    except asyncio.CancelledError:\n        pass\n\n\n"
            "def start(event):\n    IOLoop.current().add_callback(wait, event)\n",
        ),
        Good(
            "on the way out",
            "import asyncio\n\n\nasync def fetch(client):\n    try:\n        await client.get()\n    finally:\n"
            "        try:\n"
            "            await client.close()\n        except asyncio.CancelledError:\n            pass\n",
        ),
        Good(
            "handed on",
            "async def fetch(client, future):\n    try:\n        await client.get()\n"
            "    except BaseException as error:\n"
            "        future.set_exception(error)\n",
        ),
        Good(
            "shielded",
            "import anyio\n\n\nasync def close(client):\n    with anyio.CancelScope(shield=True):\n        try:\n"
            "            await client.close()\n        except BaseException:\n            pass\n",
        ),
        Good(
            "no coroutine, no await",
            "def work(job):\n    try:\n        job()\n    except BaseException:\n        pass\n\n\n"
            "async def look(job):\n"
            "    try:\n        job()\n    except BaseException:\n        pass\n",
        ),
        Good(
            "another CancelledError",
            "from concurrent.futures import CancelledError\n\n\nasync def fetch(client):\n    try:\n"
            "        await client.get()\n    except CancelledError:\n        pass\n",
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report what catches a cancellation around an await."""
        module, cancellations = context.module, context.views.cancellations
        for function in module.summary.functions:
            for block in cancellations.swallowers(function, module):
                if context.coroutines.has_loop_to_itself(function, module):
                    continue
                in_task = context.interruptions.runs_in_task(function, module)
                if in_task or not cancellations.deceives_nobody(block, function, module):
                    severity = Severity.ERROR if in_task else None
                    yield Report(block.site, _message(block.kind, function.qualname), severity=severity)


def _message(kind: Kind, name: str) -> str:
    if kind is Kind.SUPPRESS:
        return f"`{name}` cannot be cancelled here: do not suppress CancelledError"
    return f"`{name}` cannot be cancelled here: raise CancelledError again"
