"""MOG106 nested-task."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Severity
from mog_lint.rule import Bad, Good, Report, Rule, RuleContext


class NestedTask(Rule):
    """A task that is a method, or is declared while a function runs.

    What it does
    ------------
    Reports `@task` of mog and Mognet on a method and inside a function. A function that is given an app or makes one
    may declare that app's tasks.

    Why
    ---
    A task exists once its decorator has run. Inside a function that is when, and as often as, the function is called:
    a worker that has not called it knows no such task. A method gets the context as its `self`.
    """

    code = "MOG106"
    name = "nested-task"
    severity = Severity.WARNING
    examples = (
        Bad(
            "method",
            'from mog import task\n\n\nclass Images:\n    @task(name="shop.resize")\n'
            "    async def resize(self, context): ...\n",
            marked=("resize",),
        ),
        Bad(
            "inside a function",
            'from mog import task\n\n\ndef set_up():\n    @task(name="shop.resize")\n'
            "    async def resize(context): ...\n",
            marked=("resize",),
        ),
        Good(
            "of an app that is given or made",
            'from mog import App\n\n\ndef register(app: App):\n    @app.task(name="a")\n'
            "    async def a(context): ...\n\n\n"
            'def make():\n    app = App("shop")\n\n    @app.task(name="b")\n    async def b(context): ...\n\n'
            "    return app\n",
        ),
        Good(
            "in a branch",
            'from mog import task\n\nif FAST:\n\n    @task(name="a")\n    async def a(context): ...\n',
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report tasks that are not declared at a module's top level."""
        for task in context.tasks:
            function = task.function
            if not task.is_own_api:
                continue
            if function.is_method:
                message = f"task `{function.qualname}` is a method, and a worker has no object to call it on"
                yield Report(function.site, message)
            elif task.is_in_function and not task.decoration.is_local:
                message = f"task `{function.qualname}` exists only once the function around it has been called"
                yield Report(function.site, message)
