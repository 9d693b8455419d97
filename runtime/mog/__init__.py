"""Asyncio task queues: declare tasks, submit them, run them in workers, read their results.

from mog import App, Context, task

app = App("demo")

@task(name="demo.add")
async def add(context: Context, a: int, b: int) -> int:
    return a + b

result = await app.submit(add, 1, 2)
print(await result)
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mog.app import App
from mog.config import AppConfig
from mog.context import Context
from mog.errors import MogError
from mog.interrupts import Pause, Retry
from mog.middleware import Middleware
from mog.progress import Progress
from mog.request import Request
from mog.result import Result
from mog.retrying import constant, exponential
from mog.services import ClassService
from mog.state import State
from mog.states import ResultState
from mog.task import task

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

__all__ = [
    "App",
    "AppConfig",
    "ClassService",
    "Context",
    "Middleware",
    "MogError",
    "Pause",
    "Progress",
    "Request",
    "Result",
    "ResultState",
    "Retry",
    "State",
    "constant",
    "exponential",
    "task",
]


class _MognetPaths:
    """Finds Mognet's modules below ``mog``, where none of ours is found; see :mod:`mog.mognet.paths`."""

    @staticmethod
    def find_spec(name: str, *_: object) -> ModuleSpec | None:
        if not name.startswith("mog."):
            return None
        from mog.mognet.paths import find_spec  # noqa: PLC0415 - only Mognet's programs need it

        return find_spec(name)


sys.meta_path.append(_MognetPaths)
for _module in ("app", "context", "middleware", "state"):  # in Mognet packages, so what is below them is asked for
    sys.modules[f"mog.{_module}"].__path__ = []
