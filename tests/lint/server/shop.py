"""A project with tasks that submit each other, for questions about them."""

from tests.lint.scratch import ScratchProject

TASKS = '''\
from mog import Context, task


@task(name="shop.resize", aliases=("shop.scale",), queue="images")
async def resize(context: Context, path: str, width: int = 800) -> str:
    """Make it smaller."""
    return path


@task
async def unnamed(context: Context) -> None:
    await context.submit("shop.resize", "a.png")
'''
API = """\
from mog import Request as Asked
from shop import tasks
from shop.app import app
from shop.tasks import resize


async def upload(path):
    await app.submit(resize, path)
    await app.submit(Asked(name="shop.resize", args=(path,)))


def later(path):
    app.submit_blocking("shop.scale", path)
    print(tasks.resize, "shop.resize")
"""


def write_shop(project: ScratchProject) -> None:
    project.write("pyproject.toml", '[tool.mog]\nsrc = ["src"]\n')
    project.write("src/shop/__init__.py", "")
    project.write("src/shop/app.py", 'from mog import App\n\napp = App("shop")\n')
    project.write("src/shop/tasks.py", TASKS)
    project.write("src/shop/api.py", API)
