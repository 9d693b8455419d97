"""Asyncio task queues: declare tasks, submit them, run them in workers, read their results.

from mog import App, Context, task

app = App("demo")

@task(name="demo.add")
async def add(context: Context, a: int, b: int) -> int:
    return a + b

result = await app.submit(add, 1, 2)
print(await result)
"""

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
