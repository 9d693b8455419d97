"""The tasks of a fleet of mog and Mognet, declared on each side under its own names: ``mog.echo``, ``mognet.echo``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

ROUTES = {
    f"{side}.{task}": side
    for side in ("mog", "mognet")
    for task in ("make", "take", "fail", "sleep", "ask", "wait", "note", "about")
} | {"pause": "both"}
"""Queues by task."""


class Point(BaseModel):
    x: int
    y: int = 0


class Declined(Exception):
    """An application's own error, which both sides know."""


ID = UUID("e3840ad6-8ca6-489b-bc33-cbdfc448726b")
NOON = datetime(2026, 11, 24, 12, 30, 15, 250, tzinfo=UTC)

VALUES: dict[str, Any] = {
    "int": 7,
    "float": 1.5,
    "text": "größer",
    "None": None,
    "list": [1, "a", None],
    "set": {1, 2},
    "datetime": NOON,
    "UUID": ID,
    "model": Point(x=1, y=2),
    "large": "x" * 100_000,
}

FAILURES: dict[str, Exception] = {
    "builtin": ValueError("E1: no"),
    "key": KeyError("missing"),
    "own": Declined("E42"),
}


class Side:
    """What the tasks of one side need of it, and what they note."""

    def __init__(self, name: str, request: Callable[..., Any], pause: Callable[[], Exception]) -> None:
        self.name, self.request, self.pause = name, request, pause
        self.notes: list[str] = []
        self.before_pause: Callable[[], Any] | None = None


def declare(task: Callable[..., Any], side: Side) -> None:
    """Declare the tasks; ``task`` is the decorator."""
    declare_simple_ones(task, side)
    declare_longer_ones(task, side)


def declare_simple_ones(task: Callable[..., Any], side: Side) -> None:
    """Declare those that do one thing, and end."""

    @task(name=f"{side.name}.make")
    async def make(context: Any, what: str) -> Any:
        return VALUES[what]

    @task(name=f"{side.name}.take")
    async def take(context: Any, point: Point, when: datetime, who: UUID, *, tags: set[str]) -> str:
        return f"{point!r} {when.isoformat()} {who} {sorted(tags)}"

    @task(name=f"{side.name}.fail")
    async def fail(context: Any, how: str) -> None:
        raise FAILURES[how]

    @task(name=f"{side.name}.note")
    async def note(context: Any, number: int) -> None:
        side.notes.append(str(number))

    @task(name=f"{side.name}.about")
    async def about(context: Any) -> dict[str, Any]:
        result = await context.app.result_backend.get(context.request.id) if side.name == "mognet" else None
        if result is not None:
            await result.set_metadata(seen=side.name)
        else:
            await context.set_metadata(seen=side.name)
        return dict(context.request.metadata)


def declare_longer_ones(task: Callable[..., Any], side: Side) -> None:
    """Declare those that wait for something."""

    @task(name=f"{side.name}.sleep")
    async def sleep(context: Any, seconds: float) -> str:
        side.notes.append("asleep")
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            side.notes.append("cancelled")
            raise
        return "slept"

    @task(name=f"{side.name}.ask")
    async def ask(context: Any, child: str, argument: Any) -> Any:
        return await context.run(side.request(name=child, args=(argument,)))

    @task(name=f"{side.name}.wait")
    async def wait(context: Any, child: str, argument: Any) -> Any:
        result = await context.submit(side.request(name=child, args=(argument,)))
        side.notes.append(str(result.id))
        try:
            return await context.gather(result)
        except asyncio.CancelledError:
            side.notes.append("cancelled")
            raise

    @task(name="pause")
    async def pause(context: Any) -> list[str]:
        sides = [*await context.state.get("sides", []), side.name]
        await context.state.set("sides", sides)
        if len(sides) == 1:
            if side.before_pause is not None:
                await side.before_pause()
            raise side.pause()
        return sides
