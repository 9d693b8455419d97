"""Which files can hold tasks or coroutines at all, by a search in their bytes, so that the others need no tree.

A coroutine is spelt `async def`.
A task decorator comes from mog, from Mognet or from a configured module, and has to be spelt: either by the name of
that module, or by a name under which a file of the project passes it on. The latter are known once the files that pass
it on have been analysed, so the reach grows round by round.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mog_lint.model.project import Module, Project, absolute
from mog_lint.model.tasks import TASK_API, is_task_api

COROUTINE = rb"\basync\s+def\b"
SUPPRESSES = rb"\bMOG\d"  # in a comment for ruff's eyes; the own form names mog


def called_modules(module: Module) -> set[str]:
    """Return the names of modules into which calls in a module may lead."""
    found = set()
    for function in module.summary.functions:
        for call in function.calls:
            for symbol in call.symbols:
                name, _, attributes = symbol.partition(":")
                for home in absolute(name, module) if name.startswith(".") else (name,):
                    found |= {home, f"{home}.{attributes.partition('.')[0]}"}
    return found


class Reach:
    """The words of which a file must hold one; `decorators` are those of `task-decorators`."""

    def __init__(self, decorators: Iterable[str]) -> None:
        self.decorators = frozenset(decorators)
        self.methods = {"task", *(name.rpartition(".")[2] for name in self.decorators)}
        self.words: set[str] = set()
        self.spelt: list[tuple[bytes, re.Pattern[bytes]]] = []
        self.new: list[tuple[bytes, re.Pattern[bytes]]] = []
        self._add({*TASK_API, *(name.partition(".")[0] for name in self.decorators)})
        self.new += [(b"MOG", re.compile(SUPPRESSES)), (b"async", re.compile(COROUTINE))]

    def touches(self, data: bytes) -> bool:
        """Say whether a file has one of the words that are new since the last round."""
        return any(word in data and pattern.search(data) for word, pattern in self.new)

    def spells(self, data: bytes) -> bool:
        """Say whether a file has one of the words, so that it may pass a decorator on."""
        return any(word in data and pattern.search(data) for word, pattern in self.spelt)

    def extend(self, project: Project, spelling: Iterable[Module]) -> None:
        """Take as new the names under which modules pass on a decorator, an app, or what makes one.

        `spelling` are the modules of the project that have one of the words.
        """
        self.new = []
        for module in spelling:
            self._add(name for name in module.summary.exports if self._leads_to_decorator(name, module, project))

    def _add(self, words: Iterable[str]) -> None:
        fresh = set(words) - self.words
        self.words |= fresh
        patterns = [(word.encode(), re.compile(rb"\b" + re.escape(word.encode()) + rb"\b")) for word in sorted(fresh)]
        self.new += patterns
        self.spelt += patterns

    def _leads_to_decorator(self, name: str, module: Module, project: Project) -> bool:
        symbols = [f":{name}"]
        for method in self.methods:
            symbols += [f":{name}.{method}", f":{name}().{method}"]
        names = project.resolve(symbols, module)
        return any(is_task_api(found) or found.replace("()", "") in self.decorators for found in names)
