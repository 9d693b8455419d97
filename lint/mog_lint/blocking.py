"""What blocks the thread that calls it, by full name, and what to use instead in a coroutine.

One list, blocking_calls.txt, serves the rules of the event loop and whatever wants to say the same at run time. A line
of it has the form of `blocking-calls` in the configuration.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import product
from pathlib import Path

ARROW = "->"
THREAD = "asyncio.to_thread"
MADE, HARMLESS = "made", "harmless"  # sections of the list that tell no blocking calls
Patterns = Mapping[str, list[tuple[re.Pattern[str], "Blocking"]]]


class Kind(StrEnum):
    """What a call waits for; each is a section of the list, and a rule's business."""

    CALL = "call"
    FILE = "file"
    WAIT = "wait"
    LOOP = "loop"


@dataclass(frozen=True)
class Blocking:
    """A blocking call: its full name, what it waits for, and what to use instead."""

    name: str
    kind: Kind
    instead: str

    @property
    def title(self) -> str:
        """The name as people write it."""
        return self.name.removeprefix("builtins.")


@dataclass(frozen=True)
class Knowledge:
    """The list, with what a project adds: exact names, patterns by the name's first part, and what does not block."""

    exact: Mapping[str, Blocking]
    patterns: Patterns
    harmless: tuple[re.Pattern[str], ...]

    def find(self, name: str) -> Blocking | None:
        """Return what is known of calling a full name, as `Project.resolve` gives it, or None."""
        if name.endswith(")"):
            return None  # what is called is the result of a call
        plain = canonical(name)
        found = self.exact.get(plain)
        if found is None:
            candidates = (*self.patterns.get(plain.partition(".")[0], ()), *self.patterns.get("*", ()))
            found = next((item for pattern, item in candidates if pattern.fullmatch(plain)), None)
        if found is None or any(pattern.fullmatch(plain) for pattern in self.harmless):
            return None
        return found


@cache
def knowledge(blocking: tuple[str, ...] = (), harmless: tuple[str, ...] = ()) -> Knowledge:
    """Compile the list; what a project says goes before."""
    sections = _sections()
    lines = [(Kind.CALL, line) for line in blocking]
    lines += [(kind, line) for kind in Kind for line in sections[kind]]
    exact: dict[str, Blocking] = {}
    patterns: Patterns = defaultdict(list)
    for kind, line in lines:
        pattern, instead = split_line(line)
        for name in expand(pattern):
            item = Blocking(name, kind, instead)
            if "*" in name:
                root = name.partition(".")[0]
                patterns["*" if "*" in root else root].append((_compiled(name), item))
            else:
                exact.setdefault(name, item)
    silent = (name for line in (*harmless, *sections[HARMLESS]) for name in expand(split_line(line)[0]))
    return Knowledge(exact, dict(patterns), tuple(map(_compiled, silent)))


@cache
def _sections() -> Mapping[str, list[str]]:
    """Read the list: the lines of each section."""
    found: dict[str, list[str]] = {}
    section: list[str] = []
    for line in Path(__file__).with_name("blocking_calls.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            section.append(line)
    return found


def split_line(line: str) -> tuple[str, str]:
    """Split `pattern -> what to use instead`; without the latter it is a thread."""
    pattern, _, instead = line.partition(ARROW)
    return pattern.strip().replace("()", ""), instead.strip() or THREAD


def expand(pattern: str) -> Iterator[str]:
    """Yield the names that a pattern's braces stand for."""
    parts = [part.split(",") for part in re.split(r"[{}]", pattern)]
    return map("".join, product(*parts))


@cache
def canonical(name: str) -> str:
    """Return a full name without calls, each instance spelt as its class."""
    made = _made()
    *parts, last = name.replace("()", "").split(".")
    known = ""
    for part in parts:
        known = f"{known}.{part}" if known else part
        known = made.get(known, known)
    return f"{known}.{last}" if known else last


@cache
def _made() -> dict[str, str]:
    pairs: Iterable[tuple[str, str]] = map(split_line, _sections()[MADE])
    return {name: made for pattern, made in pairs for name in expand(pattern)}


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*"))
