"""MOG105 unknown-task-name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from mog_lint.errors import did_you_mean
from mog_lint.findings import Severity
from mog_lint.model.contexts import context_methods
from mog_lint.model.project import Module
from mog_lint.model.summary import Call, text_of
from mog_lint.rule import Bad, Good, Report, Rule, RuleContext

_REQUEST = re.compile(r"(mog|mognet)(\.\w+)*\.Request")
_APP = re.compile(r"(mog|mognet)(\.\w+)*\.App\.(?P<method>\w+)")
METHODS = frozenset({"submit", "run", "create_request", "submit_blocking", "run_blocking"})


class UnknownTaskName(Rule):
    """A request for a task that nobody declares.

    What it does
    ------------
    Reports `Request(name=…)`, and `submit`, `run` and `create_request` of an app or a context with a text, where no
    task of the project has that name or alias, nor has it as its default name. Names are followed through constants of
    all modules. A project without tasks is left alone, as its tasks are elsewhere; so is one in which the name of a
    task is computed, as that may be the one.

    Why
    ---
    The request is stored, and no worker knows what to do with it: it waits until its time is over, and is then marked
    invalid, long after the line that was wrong. A misspelt name looks like a slow queue.

    Options
    -------
    `external-tasks`: names of tasks that other projects declare, in which `*` stands for any text: `["billing.*"]`.
    """

    code = "MOG105"
    name = "unknown-task-name"
    severity = Severity.WARNING
    examples = (
        Bad(
            "misspelt",
            'from mog import App, task\n\napp = App("shop")\n\n\n@task(name="shop.resize")\n'
            "async def resize(context): ...\n\n\nasync def main():\n"
            '    await app.submit("shop.rezise", 1)\n    await app.run("shop.resize")\n',
            marked=('app.submit("shop.rezise", 1)',),
        ),
        Bad(
            "request, constant of another module",
            'from mog import Request\nfrom names import SHRINK\n\nNAME = "shop.grow"\n\n\ndef make():\n'
            '    return Request(name=NAME), Request[int](name=SHRINK, args=(1,)), Request(name="shop.resize")\n',
            files={
                "names.py": 'SHRINK = "shop.shrink"\n',
                "tasks.py": 'from mog import task\n\n\n@task(name="shop.resize")\ndef resize(context): ...\n',
            },
            path="requests.py",
            marked=("Request(name=NAME)", "Request[int](name=SHRINK, args=(1,))"),
        ),
        Bad(
            "from a task",
            'from mog import task\n\n\n@task(name="shop.resize", aliases=["shop.scale"])\nasync def resize(ctx):\n'
            '    await ctx.submit("resize")\n    await ctx.run("shop.scale")\n    await helper(ctx)\n\n\n'
            'async def helper(context):\n    await context.submit("shop.shrink")\n',
            marked=('ctx.submit("resize")', 'context.submit("shop.shrink")'),
        ),
        Bad(
            "Mognet",
            "from mognet import App, Request, task\n\n\n@task(name='shop.resize')\nasync def resize(context): ...\n\n\n"
            "async def main(app: App):\n    await app.submit(Request(name='shop.resise'))\n",
            marked=("Request(name='shop.resise')",),
        ),
        Good(
            "name, alias, default name, function",
            'from mog import App, task\n\napp = App("shop")\n\n\n@task(name="shop.resize", aliases=("shop.scale",))\n'
            "async def resize(context): ...\n\n\n@task\nasync def grow(context): ...\n\n\nasync def main():\n"
            '    await app.submit("shop.resize")\n    await app.submit("shop.scale")\n'
            '    await app.submit("tasks.grow")\n'
            "    await app.submit(resize)\n",
        ),
        Good(
            "of another project",
            'from mog import App, task\n\napp = App("shop")\n\n\n@task(name="shop.resize")\n'
            'async def resize(context): ...\n\n\nasync def main():\n    await app.submit("billing.pay")\n',
            config={"external_tasks": ("billing.*",)},
        ),
        Good(
            "without tasks",
            'from mog import App\n\napp = App("shop")\n\n\nasync def main():\n    await app.submit("billing.pay")\n',
        ),
        Good(
            "beside a computed name",
            'from mog import App, task\n\napp = App("shop")\n\n\n@task(name=f"{__name__}.resize")\n'
            'async def resize(context): ...\n\n\nasync def main():\n    await app.submit("shop.resize")\n',
        ),
        Good(
            "submit and run of others",
            "import subprocess\nfrom fastapi import Request\nfrom mog import task\n\n\n"
            '@task(name="shop.resize")\nasync def resize(context, pool, ctx):\n    subprocess.run("ls")\n'
            '    pool.submit("ls")\n    Request(name="ls")\n\n\n@decorated\ndef build(c):\n    c.run("make")\n\n\n'
            'def clean(context):\n    context.run("make clean")\n',
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report names that no task bears."""
        known = context.all_tasks.known_names
        for function in context.module.summary.functions if known else ():
            in_task = context.interruptions.runs_in_task(function, context.module)
            for call in function.calls:
                name = _requested(call, context, in_task=in_task) if call.arguments else None
                if (
                    name is None
                    or name in known
                    or any(fnmatchcase(name, item) for item in context.config.external_tasks)
                ):
                    continue
                yield Report(call.site, f"no task of this project is named {name!r}{did_you_mean(name, known)}")


def _requested(call: Call, context: RuleContext, *, in_task: bool) -> str | None:
    """Return the name of the task that a call asks for, or None where it asks for none, or does not tell."""
    project, module = context.project, context.module
    names = {name.replace("()", "") for name in project.resolve(call.symbols, module)}
    if any(_REQUEST.fullmatch(name) for name in names):
        return _text(call, module, context, "name")
    methods = {found["method"] for name in names if (found := _APP.fullmatch(name)) is not None}
    is_typed = any(not name.startswith("^") for name in names)
    methods |= set(context_methods(call, project, module)) if in_task or is_typed else set()
    return None if methods.isdisjoint(METHODS) else _text(call, module, context, "0", "task")


def _text(call: Call, module: Module, context: RuleContext, *arguments: str) -> str | None:
    texts = {text_of(value) for value in context.project.resolve(call.argument(*arguments), module)}
    return texts.pop() if len(texts) == 1 else None
