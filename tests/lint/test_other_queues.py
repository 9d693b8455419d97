"""Programs of other task queues, with `task-decorators` set."""

from tests.lint.scratch import ScratchProject

CONFIG = """
[tool.mog.lint]
task-decorators = ["celery.shared_task", "celery.Celery.task", "taskiq.InMemoryBroker.task"]
"""
CELERY = """\
import time
import requests
from celery import Celery, shared_task

app = Celery("shop", broker="redis://localhost")


@shared_task
def unnamed(order):
    return order


@app.task(name="shop.publish", bind=True, max_retries=3)
def publish(self, order):
    try:
        if not requests.get(f"https://shop/{order}").ok:
            raise self.retry(countdown=60)
        upload(order)
    except Exception as error:
        print(error)


@app.task(name="shop.publish")
def publish_again(order):
    upload(order)


@app.task(name="shop.wait")
def wait(order):
    while not paid(order):
        time.sleep(5)
    time.sleep(120)


@app.task(name="shop.mail", autoretry_for=(OSError,))
def mail(orders):
    for order in orders:
        requests.post("https://mail", json=order)


@app.task(name="shop.ask", bind=True)
def ask(self, order):
    try:
        answer = requests.get(order)
    except OSError as error:
        raise self.retry(exc=error)
    for _ in range(3):
        if answer.ok:
            return answer.text
        time.sleep(1)


def upload(order): ...


def paid(order): ...
"""
TASKIQ = """\
import asyncio
import time
import requests
from taskiq import InMemoryBroker

broker = InMemoryBroker()


@broker.task
async def unnamed(order: int) -> None:
    time.sleep(1)
    await asyncio.sleep(60)


@broker.task(task_name="shop.fetch")
async def fetch(url: str) -> str:
    return load(url)


@broker.task("shop.watch")
async def watch(order: int) -> None:
    while not await paid(order):
        await asyncio.sleep(5)


@broker.task(task_name="shop.stop")
async def stop(order: int) -> None:
    try:
        await paid(order)
    except asyncio.CancelledError:
        print("stopped")
    unnamed.kiq(1)


@broker.task(task_name="shop.mail")
async def mail(orders: list[int]) -> None:
    for order in orders:
        await unnamed.kiq(order)
    text = await asyncio.to_thread(load, "https://shop")
    await asyncio.sleep(1)
    print(text)


def load(url):
    return requests.get(url).text


async def paid(order): ...
"""


def said(project: ScratchProject, program: str) -> list[tuple[int, str]]:
    project.select = ("ALL",)
    project.write("pyproject.toml", CONFIG)
    project.write("shop.py", program)
    return [(finding.location.row, finding.code) for finding in project.lint()]


def test_celery(project: ScratchProject) -> None:
    assert said(project, CELERY) == [
        (8, "MOG101"),
        (19, "MOG301"),
        (23, "MOG103"),
        (30, "MOG402"),
        (32, "MOG403"),
    ]


def test_taskiq(project: ScratchProject) -> None:
    assert said(project, TASKIQ) == [
        (9, "MOG101"),
        (11, "MOG201"),
        (12, "MOG403"),
        (17, "MOG203"),
        (22, "MOG402"),
        (30, "MOG302"),
        (32, "MOG210"),
    ]
