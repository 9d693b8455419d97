"""The tasks of a chaos run, drawn at random, and what is to become of each."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mog import Request

KINDS = {"noop": 40, "sleep": 20, "thread": 12, "loop": 8, "pause": 8, "fail": 5, "late": 7}
"""Shares of the mix."""

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


def draw(chance: random.Random, index: int) -> Order:
    """Draw the task with number ``index``."""
    [kind] = chance.choices(list(KINDS), list(KINDS.values()))
    priority = chance.choice(PRIORITIES)
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
