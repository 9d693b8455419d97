"""MOG104 missing-context-parameter."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Severity
from mog_lint.model.tasks import Task
from mog_lint.rule import Bad, Good, Report, Rule, RuleContext

NAMES = frozenset({"context", "ctx", ""})  # without the underscores around them


class MissingContextParameter(Rule):
    """A task that does not take the context first.

    What it does
    ------------
    Reports tasks of mog and Mognet whose first positional parameter is not the Context: neither annotated as one, nor
    called `context`, `ctx` or `_`. A parameter `*args` takes it too. Tasks with another decorator below the task's are
    left alone, as that decorator may take the context away; so are methods, which MOG106 reports.

    Why
    ---
    The worker passes the context as the first argument, always. A task that does not expect it gets it in the place of
    its own first argument, or fails with a TypeError each time it is run.
    """

    code = "MOG104"
    name = "missing-context-parameter"
    severity = Severity.ERROR
    examples = (
        Bad(
            "an argument comes first",
            'from mog import task\n\n\n@task(name="shop.resize")\nasync def resize(path: str): ...\n',
            marked=("resize",),
        ),
        Bad(
            "no parameter, or keywords alone",
            'from mog import task\n\n\n@task(name="a")\nasync def a(): ...\n\n\n'
            '@task(name="b")\ndef b(*, context): ...\n',
            marked=("a", "b"),
        ),
        Good(
            "by annotation",
            "import mog\nfrom mog import Context, task\n\n\n"
            '@task(name="a")\nasync def a(c: Context[int], path: str): ...\n\n\n'
            '@task(name="b")\ndef b(c: "mog.Context"): ...\n\n\n'
            '@task(name="c")\ndef c(c: mog.Context | None, /): ...\n',
        ),
        Good(
            "by name",
            'from mog import task\n\n\n@task(name="a")\nasync def a(context, path): ...\n\n\n'
            '@task(name="b")\ndef b(_ctx): ...\n\n\n@task(name="c")\ndef c(_): ...\n',
        ),
        Good(
            "own context",
            "from mog import Context, task\n\n\nclass ShopContext(Context): ...\n\n\n"
            '@task(name="a")\nasync def a(c: ShopContext): ...\n',
        ),
        Good("any arguments", 'from mog import task\n\n\n@task(name="a")\nasync def a(*args): ...\n'),
        Good(
            "another decorator below",
            'from mog import task\n\n\n@task(name="a")\n@without_context\nasync def a(path): ...\n',
        ),
        Good(
            "task of another library",
            'from celery import shared_task\n\n\n@shared_task(name="a")\ndef a(path): ...\n',
            config={"task_decorators": ("celery.shared_task",)},
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report tasks whose first parameter is something else."""
        for task in context.tasks:
            plain = task.is_own_api and task.is_innermost and not task.function.is_method
            if plain and not _takes_context(task, context):
                message = f"task `{task.function.qualname}` must take the context as its first parameter"
                yield Report(task.function.site, message)


def _takes_context(task: Task, context: RuleContext) -> bool:
    first = task.function.first
    if first is None:
        return False
    if first.is_rest or first.name.strip("_") in NAMES:
        return True
    names = context.project.resolve(first.instances, task.module)
    # What is annotated as some class called …Context is one, wherever that class comes from.
    return any(name.rpartition(".")[2].endswith("Context()") for name in names)
