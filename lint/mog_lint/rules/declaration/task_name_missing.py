"""MOG101 task-name-missing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from mog_lint.findings import Applicability, Severity
from mog_lint.model.summary import NONE
from mog_lint.model.tasks import Task
from mog_lint.rule import Bad, FixPlan, Good, Report, Rule, RuleContext

MAIN = "__main__"
FOREIGN_KEYWORDS = frozenset({"name", "task_name", "actor_name"})  # of Celery and huey, taskiq, dramatiq


class TaskNameMissing(Rule):
    """A task without a name of its own.

    What it does
    ------------
    Reports `@task`, `@task()` and `@app.task` of mog and of Mognet without `name=`, and those of `task-decorators`
    where neither a positional argument nor `name=`, `task_name=` or `actor_name=` gives one.

    The fix writes the name that the task has today, `module.qualname`, so nothing changes on the wire. It is safe where
    the file can be imported under one name alone. Else it is unsafe and tells all candidates: without `src` in
    `[tool.mog]` a directory that has no `__init__.py` may or may not be part of the name; a file that is also run as a
    script is `__main__` then, and what it submits is known to no worker under that name; a decorator below the task's
    may rename the function. Decorators from `task-decorators` get no fix, as their default names are not known.

    Why
    ---
    The name is what travels in each request. Without one it is made of the module's and the function's name, so moving
    or renaming the function renames the task: requests that are queued, delayed or paused at that moment find no task,
    and in a rolling upgrade old and new workers do not understand each other.

    Options
    -------
    `task-decorators`: other decorators that declare tasks, by full name, such as `celery.shared_task`.
    `src` in `[tool.mog]`: the directories from which the project's modules are imported.
    """

    code = "MOG101"
    name = "task-name-missing"
    severity = Severity.ERROR
    fixes = (Applicability.SAFE, Applicability.UNSAFE)
    examples = (
        Bad(
            "bare decorator",
            "from mog import task\n\n\n@task\nasync def resize(context, path: str): ...\n",
            marked=("task",),
            fixed='from mog import task\n\n\n@task(name="tasks.resize")\nasync def resize(context, path: str): ...\n',
        ),
        Bad(
            "called without a name",
            'from mog import task\n\n\n@task(queue="images")\nasync def resize(context, path: str): ...\n',
            marked=('task(queue="images")',),
            fixed='from mog import task\n\n\n@task(name="tasks.resize", queue="images")\n'
            "async def resize(context, path: str): ...\n",
        ),
        Bad(
            "method of an app",
            'import mog\n\napp = mog.App("shop")\n\n\n@app.task()\ndef resize(context, path: str): ...\n',
            marked=("app.task()",),
            fixed='import mog\n\napp = mog.App("shop")\n\n\n@app.task(name="tasks.resize")\n'
            "def resize(context, path: str): ...\n",
        ),
        Bad(
            "app of another module",
            "from .app import app\n\n\n@app.task\nasync def resize(context, path: str): ...\n",
            path="shop/tasks.py",
            files={"shop/__init__.py": "", "shop/app.py": 'from mog import App\n\napp = App("shop")\n'},
            marked=("app.task",),
            fixed='from .app import app\n\n\n@app.task(name="shop.tasks.resize")\n'
            "async def resize(context, path: str): ...\n",
        ),
        Bad(
            "two possible modules",
            "from mognet import task\n\n\n@task()\nasync def resize(context, path: str): ...\n",
            path="jobs/images.py",
            marked=("task()",),
            fixed='from mognet import task\n\n\n@task(name="jobs.images.resize")\n'
            "async def resize(context, path: str): ...\n",
            applicability=Applicability.UNSAFE,
        ),
        Bad(
            "decorator of another library",
            "from celery import shared_task\n\n\n@shared_task\ndef resize(path): ...\n",
            config={"task_decorators": ("celery.shared_task",)},
            marked=("shared_task",),
        ),
        Good(
            "named", 'from mog import task\n\n\n@task(name="shop.resize")\nasync def resize(context, path: str): ...\n'
        ),
        Good("name in options", "from mog import task\n\n\n@task(**OPTIONS)\nasync def resize(context): ...\n"),
        Good("task of another library", "from invoke import task\n\n\n@task\ndef build(c): ...\n"),
        Good("own decorator", "def task(function): ...\n\n\n@task\nasync def resize(context): ...\n"),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report the decorators that give no name."""
        for task in context.tasks:
            if not _lacks_name(task):
                continue
            function = unicodedata.normalize("NFKC", task.function.qualname)  # as Python's parser does
            names = [f"{module}.{function}" for module in _modules(context)] if task.is_own_api else []
            message = f"task `{function}` has no name of its own, so renaming or moving it breaks requests under way"
            yield Report(task.decoration.site, message, _fix(task, names) if names else None)


def _lacks_name(task: Task) -> bool:
    arguments = task.decoration.arguments or ()
    if any(argument.star or argument.keyword is None for argument in arguments):
        return False  # the name may be in what is unpacked; a positional one is the run time's business
    keywords = frozenset({"name"}) if task.is_own_api else FOREIGN_KEYWORDS
    return all(argument.keyword not in keywords or argument.symbols == (NONE,) for argument in arguments)


def _modules(context: RuleContext) -> list[str]:
    modules = list(context.module.name.candidates)
    if context.module.summary.is_script or context.module.path.stem == MAIN:
        modules.append(MAIN)
    return modules


def _fix(task: Task, names: list[str]) -> FixPlan:
    name = names[0]
    doubts = []
    if len(names) > 1:
        doubts.append(f"it may also be {' or '.join(names[1:])}")
    if not task.is_innermost:
        doubts.append("a decorator below may rename the function")
    message = f'write the name that it has today: "{name}"'
    if doubts:
        message = f'write "{name}" if that is its name today; {"; ".join(doubts)}'
    applicability = Applicability.UNSAFE if doubts else Applicability.SAFE
    return FixPlan(message, applicability, lambda editor: [editor.set_keyword("name", f'"{name}"')])
