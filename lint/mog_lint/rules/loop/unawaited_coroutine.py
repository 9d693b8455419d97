"""MOG210 unawaited-coroutine."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Applicability, Severity
from mog_lint.model.summary import Call, Function, Use
from mog_lint.rule import Bad, FixPlan, Good, Report, Rule, RuleContext

OWN_API = ("mog.", "mognet.")


class UnawaitedCoroutine(Rule):
    """A coroutine that is made and dropped.

    What it does
    ------------
    Reports a statement that calls a coroutine function and does nothing with what that gives: an `async def` of the
    project, also a method of `self` or of an object whose class is known, the coroutine functions of asyncio and of
    mog's Context and State, and `kiq`, which submits a task of taskiq. Left alone are functions under decorators that
    may change what they give, and asynchronous generators.

    The fix awaits it; in a function that is not `async def` there is none.

    Why
    ---
    Calling a coroutine function runs nothing of it: the work is silently left out, and a warning comes from the garbage
    collector at best.
    """

    code = "MOG210"
    name = "unawaited-coroutine"
    severity = Severity.ERROR
    fixes = (Applicability.SAFE,)
    examples = (
        Bad(
            "own function",
            "async def notify(): ...\n\n\nasync def work():\n    notify()  # later\n",
            marked=("notify()",),
            fixed="async def notify(): ...\n\n\nasync def work():\n    await notify()  # later\n",
        ),
        Bad(
            "method of a base class in another module",
            "from .base import Base\n\n\nclass Shop(Base):\n    async def buy(self):\n        self.save(1)\n",
            path="shop/shop.py",
            files={"shop/__init__.py": "", "shop/base.py": "class Base:\n    async def save(self, order): ...\n"},
            marked=("self.save(1)",),
            fixed="from .base import Base\n\n\nclass Shop(Base):\n    async def buy(self):\n"
            "        await self.save(1)\n",
        ),
        Bad(
            "sleep",
            "import asyncio\n\n\nasync def work():\n    asyncio.sleep(1)\n",
            marked=("asyncio.sleep(1)",),
            fixed="import asyncio\n\n\nasync def work():\n    await asyncio.sleep(1)\n",
        ),
        Bad(
            "state of a task",
            'from mog import Context, task\n\n\n@task(name="shop.count")\nasync def count(context: Context):\n'
            '    context.state.set("seen", 1)\n',
            marked=('context.state.set("seen", 1)',),
            fixed='from mog import Context, task\n\n\n@task(name="shop.count")\nasync def count(context: Context):\n'
            '    await context.state.set("seen", 1)\n',
        ),
        Bad(
            "in a plain function",
            "class Shop:\n    async def save(self): ...\n\n    def buy(self):\n        self.save()\n",
            marked=("self.save()",),
        ),
        Good(
            "awaited, kept or handed on",
            "import asyncio\n\n\nasync def notify(): ...\n\n\nasync def work(group):\n    await notify()\n"
            "    later = notify()\n    group.create_task(notify())\n    await asyncio.gather(notify(), later)\n",
        ),
        Good(
            "decorated",
            "from shop.sync import make_sync\n\n\n@make_sync\nasync def notify(): ...\n\n\ndef work():\n    notify()\n",
        ),
        Good(
            "in one of two branches",
            "import sys\n\nif sys.argv:\n    async def notify(): ...\nelse:\n    def notify(): ...\n\n\n"
            "async def work():\n    notify()\n",
        ),
        Good(
            "callback, by annotation",
            "from collections.abc import Callable\n\n\nasync def work(done: Callable[[], None]):\n    done()\n",
        ),
        Good("hidden by a parameter", "async def notify(): ...\n\n\nasync def work(notify):\n    notify()\n"),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report statements that only make a coroutine."""
        for function in context.module.summary.functions:
            for call in function.calls:
                name = context.coroutines.gives_coroutine(call, context.module) if _is_dropped(call) else None
                if name is not None and (function.is_async or not name.startswith(OWN_API)):
                    message = f"`{name}` gives a coroutine, which nobody awaits: nothing of it runs"
                    yield Report(call.site, message, _fix(function))


def _is_dropped(call: Call) -> bool:
    return call.use is Use.STATEMENT


def _fix(function: Function) -> FixPlan | None:
    if not function.is_async:
        return None
    return FixPlan("await it", Applicability.SAFE, lambda editor: editor.await_it())
