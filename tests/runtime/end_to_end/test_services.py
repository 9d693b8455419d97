"""Services: functions, classes, generators, and their stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import pytest

from mog import App, AppConfig, Context
from mog.services import ClassService


@pytest.fixture
def notes() -> list[str]:
    return []


class Database(ClassService[str]):
    """A service that is made once and closed."""

    made: ClassVar[list[Database]] = []

    def __init__(self, config: AppConfig) -> None:
        super().__init__(config)
        self.log: list[str] = []
        Database.made.append(self)

    def __call__(self, context: Context, table: str = "t") -> str:
        return f"{table} of {context.request.name}"

    def close(self) -> None:
        self.log.append("closed")

    async def wait_closed(self) -> None:
        self.log.append("waited")


async def test_class_service_is_made_once_and_really_closed(app: App) -> None:
    Database.made.clear()

    @app.task(name="query")
    async def query(context: Context) -> str:
        return str(context.get_service(Database, table="rows"))

    async with app.worker():
        assert await app.run(query) == "rows of query"
        assert await app.run(query) == "rows of query"
    await app.close()
    (service,) = Database.made
    assert service.config is app.config
    assert service.log == ["closed", "waited"]


async def test_generators_live_as_long_as_the_task(app: App, notes: list[str]) -> None:
    def session(context: Context, name: str) -> Iterator[str]:
        notes.append(f"open {name}")
        try:
            yield f"session {name}"
        finally:
            notes.append(f"close {name}")

    async def client(context: Context) -> AsyncIterator[str]:
        notes.append("connect")
        try:
            yield "client"
        except ValueError as error:
            notes.append(f"saw {error}")
            raise
        finally:
            notes.append("disconnect")

    @app.task(name="use")
    async def use(context: Context, fail: bool) -> list[str]:
        values = [context.get_service(session, "a"), await context.get_service(client)]
        notes.append("work")
        if fail:
            raise ValueError("broken")
        return values

    async with app.worker():
        assert await app.run(use, fail=False) == ["session a", "client"]
        assert notes == ["open a", "connect", "work", "disconnect", "close a"]
        notes.clear()
        with pytest.raises(ValueError, match="broken"):
            await app.run(use, fail=True)
    assert notes == ["open a", "connect", "work", "saw broken", "disconnect", "close a"]


async def test_error_at_a_services_end_is_the_tasks(app: App) -> None:
    def committing(context: Context) -> Iterator[None]:
        yield
        raise OSError("commit failed")

    @app.task(name="use")
    async def use(context: Context) -> str:
        context.get_service(committing)
        return "done"

    async with app.worker():
        with pytest.raises(OSError, match="commit failed"):
            await app.run(use)


async def test_functions_and_their_stand_ins(app: App) -> None:
    def sender(context: Context, to: str) -> str:
        raise AssertionError("a test must not send")

    async def lookup(context: Context) -> int:
        return 7

    def stand_in(context: Context, to: str) -> Any:
        return f"kept for {to}"

    app.services[sender] = stand_in

    @app.task(name="mail")
    async def mail(context: Context) -> list[Any]:
        return [context.get_service(sender, "you"), await context.get_service(lookup)]

    async with app.worker():
        assert await app.run(mail) == ["kept for you", 7]


async def test_def_task_gets_services_too(app: App, notes: list[str]) -> None:
    def session(context: Context) -> Iterator[str]:
        yield "session"
        notes.append("closed")

    @app.task(name="use")
    def use(context: Context) -> str:
        return str(context.get_service(session))

    async with app.worker():
        assert await app.run(use) == "session"
    assert notes == ["closed"]
