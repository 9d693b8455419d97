"""MOG103 duplicate-task-name."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Severity
from mog_lint.model.tasks import Declaration
from mog_lint.rule import Bad, Good, RelatedSite, Report, Rule, RuleContext


class DuplicateTaskName(Rule):
    """A name that two tasks bear.

    What it does
    ------------
    Reports a name or an alias that an earlier task of the project has as its name or alias, in the order of files.
    A task of no app is known to all apps. Tasks of different apps may share a name; so may those in two branches of one
    `if`, `try` or `match`, and those that are declared inside a function.

    Why
    ---
    A request says the name alone. Two tasks of one name do not start together in one worker, and in two workers it is
    left to chance which of them gets the request.
    """

    code = "MOG103"
    name = "duplicate-task-name"
    severity = Severity.ERROR
    examples = (
        Bad(
            "in two modules",
            'from mog import task\n\n\n@task(name="shop.resize")\nasync def shrink(context): ...\n',
            path="shop/images.py",
            files={
                "shop/__init__.py": "",
                "shop/films.py": 'from mog import task\n\n\n@task(name="shop.resize")\ndef resize(context): ...\n',
            },
            marked=('"shop.resize"',),
        ),
        Bad(
            "an alias is a name",
            'from mog import task\n\n\n@task(name="shop.resize", aliases=["shop.shrink"])\ndef resize(context): ...\n'
            '\n\n@task(name="shop.shrink")\ndef shrink(context): ...\n',
            marked=('"shop.shrink"',),
        ),
        Bad(
            "the same constant",
            'from mog import task\n\nNAME = "shop.resize"\n\n\n@task(name=NAME)\ndef resize(context): ...\n'
            "\n\n@task(name=NAME)\ndef shrink(context): ...\n",
            marked=("NAME",),
        ),
        Bad(
            "of one app in two modules",
            'from .app import app\n\n\n@app.task(name="shop.resize")\ndef resize(context): ...\n',
            path="shop/tasks.py",
            files={
                "shop/__init__.py": "",
                "shop/app.py": 'from mog import App\n\napp = App("shop")\n\n\n@app.task(name="shop.resize")\n'
                "def shrink(context): ...\n",
            },
            marked=('"shop.resize"',),
        ),
        Good(
            "of two apps",
            'from mog import App\n\napp = App("bar")\n\n\n@app.task(name="resize")\ndef resize(context): ...\n',
            files={
                "foo.py": 'from mog import App\n\napp = App("foo")\n\n\n@app.task(name="resize")\n'
                "def resize(context): ...\n"
            },
        ),
        Good(
            "in two branches",
            'import sys\nfrom mog import task\n\nif sys.platform == "linux":\n\n    @task(name="shop.resize")\n'
            '    def resize(context): ...\nelse:\n\n    @task(name="shop.resize")\n    def resize(context): ...\n',
        ),
        Good(
            "inside functions",
            'from mog import task\n\n\ndef first():\n    @task(name="resize")\n    def resize(context): ...\n\n\n'
            'def second():\n    @task(name="resize")\n    def resize(context): ...\n',
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report each declaration but the first of its name."""
        for task in context.tasks:
            for declaration in context.all_tasks.declarations(task):
                first = _earlier(declaration, context.all_tasks.by_name[declaration.name])
                if first is not None:
                    other = first.task
                    message = f'task `{task.function.qualname}` bears "{declaration.name}", the name of another task'
                    related = RelatedSite(other.module, first.site, f"task `{other.function.qualname}` has it first")
                    yield Report(declaration.site, message, chain=(related,))


def _earlier(declaration: Declaration, all_of_the_name: tuple[Declaration, ...]) -> Declaration | None:
    for other in all_of_the_name:
        if other == declaration:
            return None
        if _collide(other, declaration):
            return other
    return None


def _collide(one: Declaration, other: Declaration) -> bool:
    first, second = one.task, other.task
    is_same = first.module is second.module and first.function is second.function
    if is_same or first.is_in_function or second.is_in_function:
        return False
    if first.apps and second.apps and not first.apps & second.apps:
        return False
    return first.module is not second.module or not _exclusive(first.function.branches, second.function.branches)


def _exclusive(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Say whether two places of a module lie in different alternatives of the same branching."""
    taken = dict(place.split("/") for place in one)
    return any(taken.get(number, alternative) != alternative for number, alternative in (p.split("/") for p in other))
