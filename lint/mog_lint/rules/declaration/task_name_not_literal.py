"""MOG102 task-name-not-literal."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Severity
from mog_lint.rule import Bad, Good, Report, Rule, RuleContext


class TaskNameNotLiteral(Rule):
    """A task whose name is computed.

    What it does
    ------------
    Reports `name=` of a task where it is an f-string, a call, an operation, `__name__`, `__qualname__`, or a variable
    that is not a constant. A text, texts side by side, and a constant of any module or class are fine.

    Why
    ---
    Who looks for the name that stands in a queue, a log or a dashboard does not find it in the code; neither do `mog`
    and its checks for duplicate or renamed tasks. A name made of `__name__` changes when the module moves, just like a
    missing one.
    """

    code = "MOG102"
    name = "task-name-not-literal"
    severity = Severity.ERROR
    examples = (
        Bad(
            "made of the module's name",
            'from mog import task\n\n\n@task(name=f"{__name__}.resize")\nasync def resize(context): ...\n',
            marked=('f"{__name__}.resize"',),
        ),
        Bad(
            "parameter",
            "from mog import App\n\n\ndef register(app: App, prefix):\n    @app.task(name=prefix)\n"
            "    async def resize(context): ...\n",
            marked=("prefix",),
        ),
        Bad(
            "operation and call",
            'from mog import App\n\napp = App("shop")\n\n\n@app.task(name="shop." + "resize")\n'
            "async def resize(context): ...\n\n\n@app.task(name=make_name())\nasync def shrink(context): ...\n",
            marked=('"shop." + "resize"', "make_name()"),
        ),
        Bad(
            "loop variable",
            "from mog import task\n\nfor size in SIZES:\n\n    @task(name=size)\n    async def resize(context): ...\n",
            marked=("size",),
        ),
        Good("text", 'from mog import task\n\n\n@task(name="shop." "resize")\nasync def resize(context): ...\n'),
        Good(
            "constant",
            'from typing import Final\nfrom mog import task\n\nNAME: Final = "shop.resize"\n\n\n@task(name=NAME)\n'
            "async def resize(context): ...\n",
        ),
        Good(
            "constant of a module or class",
            "from mog import task\nfrom . import names\nfrom .names import Names\n\n\n@task(name=names.RESIZE)\n"
            "async def resize(context): ...\n\n\n@task(name=Names.SHRINK.value)\nasync def shrink(context): ...\n",
            path="shop/tasks.py",
            files={
                "shop/__init__.py": "",
                "shop/names.py": 'RESIZE = "shop.resize"\n\n\nclass Names(Enum):\n    SHRINK = "shop.shrink"\n',
            },
        ),
        Good(
            "constant of a library",
            "from mog import task\nfrom names import RESIZE\n\n\n@task(name=RESIZE)\nasync def resize(context): ...\n",
        ),
        Good("none at all is MOG101's", "from mog import task\n\n\n@task\nasync def resize(context): ...\n"),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report names that are neither a text nor lead to something that is one."""
        for task in context.tasks:
            argument = task.argument("name")
            if argument is None or argument.star:
                continue
            values = context.project.resolve(argument.symbols, task.module)
            if not values or any(value.endswith(")") for value in values):
                message = f"the name of task `{task.function.qualname}` is computed, so nobody finds it by its text"
                yield Report(argument.site, message)
