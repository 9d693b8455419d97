"""The tasks of a chaos run, drawn at random, and what is to become of each."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from mog import Request
from mog.ids import new_id

KINDS = {"noop": 40, "sleep": 20, "thread": 12, "loop": 8, "pause": 8, "fail": 5, "late": 7}
"""Shares of the mix."""

WAYS = {"gather": 6, "run": 2, "brittle": 1, "siblings": 1}
"""Shares of the ways in which families wait, see families.py."""

PRIORITIES = (2, 5, 5, 8, 8)


@dataclass(frozen=True, slots=True)
class Order:
    """A request, and what its submitter expects: the value ``index``, or an error that bears it."""

    request: Request[Any]
    kind: str
    index: int
    items: int = 0
    every: int = 0
    pauses: int = 0
    delay: float = 0.0
    revoke_after: float | None = None

    def anew(self) -> Order:
        """Return the same order under another id."""
        return replace(self, request=self.request.model_copy(update={"id": new_id()}))

    @property
    def wanted(self) -> str:
        """The state in which it is to end, unless it is called off."""
        return "FAILURE" if self.kind in ("fail", "brittle", "siblings") else "SUCCESS"


def draw(chance: random.Random, index: int, *, kind: str | None = None, priority: int | None = None) -> Order:
    """Draw the task with number ``index``."""
    kind = kind or chance.choices(list(KINDS), list(KINDS.values()))[0]
    priority = priority or chance.choice(PRIORITIES)
    options: dict[str, Any] = {}
    arguments: dict[str, Any] = {}
    if kind in ("sleep", "thread"):  # long enough to keep slots full, so that a kill hits many
        arguments = {"seconds": chance.uniform(0.002, 0.3 if kind == "sleep" else 0.1)}
    elif kind == "loop":
        options = arguments = {"items": chance.randint(5, 30), "every": chance.choice((1, 1, 3))}
    elif kind == "pause":
        arguments = {"times": chance.randint(1, 3), "delay": chance.choice((0.0, 0.05, 0.3))}
        options = {"pauses": arguments["times"]}
    elif kind == "late":
        options = {"delay": chance.uniform(0.1, 2.0)}
    request: Request[Any] = Request(
        name=f"chaos.{'noop' if kind == 'late' else kind}",
        kwargs={"index": index, **arguments},
        priority=priority,
        delay=timedelta(seconds=options["delay"]) if kind == "late" else None,
    )
    return Order(request, kind, index, **options)


def draw_blocking(chance: random.Random, index: int, how: str) -> Order:
    """Draw a task that blocks its worker's loop (``block``), or all threads of its process (``hold``)."""
    request: Request[Any] = Request(
        name=f"chaos.{how}",
        kwargs={"index": index, "seconds": 6 if how == "block" else 5},
        priority=chance.choice(PRIORITIES),
    )
    return Order(request, how, index)


def draw_family(
    chance: random.Random, index: int, depth: int, *, priority: int | None = None, doomed: float = 0.0
) -> Order:
    """Draw a task that waits for children, ``depth`` levels of them at most; a share ``doomed`` is to be revoked."""
    [how] = chance.choices(list(WAYS), list(WAYS.values()))
    request: Request[Any] = Request(
        name="chaos.family",
        kwargs={"index": index, "how": how, "depth": depth},
        priority=priority or chance.choice(PRIORITIES),
    )
    revoke_after = chance.uniform(0.0, 1.5) if chance.random() < doomed else None
    return Order(request, how, index, revoke_after=revoke_after)


def draw_child(chance: random.Random, depth: int) -> Order:
    """Draw a child, of the highest priority: its parent waits; with ``depth`` levels below it, if any."""
    index = chance.randrange(10**9)
    if depth > 0 and chance.random() < 0.25:
        return draw_family(chance, index, depth, priority=max(PRIORITIES))
    return draw(chance, index, priority=max(PRIORITIES))


def draw_failing(chance: random.Random) -> Order:
    """Draw a child that fails."""
    return draw(chance, chance.randrange(10**9), kind="fail", priority=max(PRIORITIES))
