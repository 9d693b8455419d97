"""Names and queues of an app's tasks."""

from typing import Any

import pytest

from mog import App, Context
from mog.doctor import Finding, Level
from mog.doctor.tasks import listed, tasks
from mog.task import global_registry


@pytest.fixture(autouse=True)
def no_global_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep out the tasks of modules that other tests have imported."""
    for table in ("_tasks", "_names"):
        monkeypatch.setattr(global_registry, table, {})


async def work(context: Context) -> None: ...


def unnamed(context: Context) -> None: ...


def other(context: Context) -> None: ...


def app_of(**settings: Any) -> App:
    app = App("shop", broker="memory://", **settings)
    app.task(name="shop.work", queue="slow")(work)
    app.task(name="shop.other")(other)
    return app


def complaints(app: App) -> list[Finding]:
    return [finding for finding in tasks(app) if finding.level is not Level.OK]


def test_app_in_order() -> None:
    [finding] = tasks(app_of())
    assert (finding.level, finding.text) == (Level.OK, "app shop has 2: shop.other, shop.work")


def test_app_without_tasks() -> None:
    [finding] = tasks(App("shop", broker="memory://"))
    assert finding.level is Level.WARN
    assert "`imports` in [tool.mog]" in (finding.remedy or "")


def test_derived_names() -> None:
    app = app_of()
    app.task(unnamed)
    [finding] = complaints(app)
    assert finding.text.startswith(f"{__name__}.unnamed: no name of its own")
    assert "MOG101" in (finding.remedy or "")


def test_tasks_whose_queue_nobody_works_on() -> None:
    [finding] = complaints(app_of(task_queues={"exclude": ["slow"]}))
    assert finding.text == "shop.work: goes to queue 'slow', on which a worker with these settings does not work"
    assert "mog run --queues slow" in (finding.remedy or "")


def test_routes_count_and_routes_of_strangers_are_told() -> None:
    app = app_of(task_routes={"shop.work": "tasks", "shop.gone": "tasks"}, task_queues={"include": ["tasks"]})
    [finding] = complaints(app)
    assert finding.text == "task_routes names shop.gone, which no task of this app is called"


def test_many_names_are_cut() -> None:
    assert listed("gfedcba") == "a, b, c, d, e and 2 more"
