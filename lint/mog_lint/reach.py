"""Which files can hold tasks or coroutines at all, by a search in their bytes, so that the others need no tree.

A coroutine is spelt `async def`, and is looked for where findings are wanted.
A task decorator comes from mog, from Mognet or from a configured module, and has to be spelt: either by the name of
that module, or by a name under which a file of the project passes it on. The latter are known once the files that pass
it on have been analysed, so the reach grows round by round.

Further files come in because what has been analysed leads to them: `follow` asks for all that coroutines call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from mog_lint.model.project import Module, Project
from mog_lint.model.summary import Decoration, Function
from mog_lint.model.tasks import TASK_API, is_task_api

OWN = re.compile(rb"\basync\s+def\b|\bMOG\d")  # a coroutine, or a comment that suppresses, for ruff's eyes


@dataclass(frozen=True)
class Word:
    """A name with which a file may get hold of a task decorator."""

    text: bytes
    pattern: re.Pattern[bytes]

    def is_in(self, data: bytes) -> bool:
        """Say whether a file has the word."""
        return self.text in data and self.pattern.search(data) is not None


class Reach:
    """The words of which a file must hold one, and which files have been searched for which of them.

    `decorators` are those of `task-decorators`.
    """

    def __init__(self, decorators: Iterable[str]) -> None:
        self.decorators = frozenset(decorators)
        self.methods = {"task", *(name.rpartition(".")[2] for name in self.decorators)}
        self.words: list[Word] = []
        self._names: set[str] = set()
        self._searched: dict[Path, int] = {}
        self._fresh: set[Path] = set()  # files that have not been searched since they last changed
        self._covered = 0  # words for which all other files have been searched
        self._own: dict[Path, bool] = {}
        self._add({*TASK_API, *(name.partition(".")[0] for name in self.decorators)})

    def has_own(self, path: Path, data: bytes) -> bool:
        """Say whether a file has coroutines or suppressions."""
        if path not in self._own:
            self._own[path] = OWN.search(data) is not None
        return self._own[path]

    def has_news(self, path: Path, data: bytes) -> bool:
        """Say whether a file has a word that it has not been searched for before."""
        done = self._searched.get(path, 0)
        self._searched[path] = len(self.words)
        self._fresh.discard(path)
        return any(word.is_in(data) for word in self.words[done:])

    def unsearched(self, files: Set[Path]) -> Set[Path]:
        """Return those of the files that may not have been searched for all words."""
        return files if self._covered < len(self.words) else files & self._fresh

    def cover(self) -> None:
        """Note that all files have been searched for all words, but those that have been forgotten since."""
        self._covered = len(self.words)

    def forget(self, path: Path) -> None:
        """Have a file searched anew, because its content has changed."""
        self._searched.pop(path, None)
        self._own.pop(path, None)
        self._fresh.add(path)

    def extend(self, project: Project, spelling: Iterable[Module]) -> bool:
        """Take in the names under which modules pass on a decorator, an app, or what makes one; say if any is new.

        `spelling` are modules of the project that have one of the words.
        """
        known = len(self.words)
        for module in spelling:
            self._add(name for name in module.summary.exports if self._leads_to_decorator(name, module, project))
        return len(self.words) > known

    def _add(self, names: Iterable[str]) -> None:
        fresh = set(names) - self._names
        self._names |= fresh
        for name in sorted(fresh):
            text = name.encode()
            self.words.append(Word(text, re.compile(rb"\b" + re.escape(text) + rb"\b")))

    def _leads_to_decorator(self, name: str, module: Module, project: Project) -> bool:
        symbols = [f":{name}"]
        for method in self.methods:
            symbols += [f":{name}.{method}", f":{name}().{method}"]
        names = project.look_ahead(symbols, module)
        return any(is_task_api(found) or found.replace("()", "") in self.decorators for found in names)


def follow(
    project: Project, functions: Iterable[tuple[Module, Function]], depth: int, *, through_awaits: bool = False
) -> None:
    """Ask the project for all that these functions call, what that calls, and so on, over so many calls.

    What a coroutine awaits answers for itself, unless it is to be followed `through_awaits`.
    """
    level = list(functions)
    seen = {(module, function.site) for module, function in level}
    for _ in range(depth + 1):
        called = []
        for module, function in level:
            for home, item in _called(project, module, function, through_awaits=through_awaits):
                if (home, item.site) not in seen:
                    seen.add((home, item.site))
                    called.append((home, item))
        level = called


def _called(
    project: Project, module: Module, function: Function, *, through_awaits: bool
) -> tuple[tuple[Module, Function], ...]:
    """Return what a function calls; the project is asked once, as long as that leads where it does."""
    known: dict[tuple[int, bool], tuple[tuple[Module, Function], ...]]
    known = project.remember(module, "called", lambda _: {})
    key = (function.site, through_awaits)
    if key not in known:
        for decoration in function.decorations:
            project.resolve(_symbols(decoration), module)
        calls = [call for call in function.calls if through_awaits or not call.is_awaited]
        known[key] = tuple(item for call in calls for item in project.functions(call.symbols, module))
    return known[key]


def ask_for_arguments(project: Project, module: Module) -> None:
    """Ask the project for the constants that calls of a module name."""
    for function in module.summary.functions:
        for call in function.calls:
            if call.constants:
                project.resolve(call.arguments, module)


def _symbols(decoration: Decoration) -> Iterator[str]:
    """Yield what a decorator is, and what may be constants among its arguments."""
    yield from decoration.symbols
    for argument in decoration.arguments or ():
        yield from argument.symbols
        for item in argument.items or ():
            yield from item
