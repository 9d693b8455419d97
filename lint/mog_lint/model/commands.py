"""Which coroutines are commands of a command line: these run once, and have their event loop to themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mog_lint.blocking import expand
from mog_lint.model.callers import calls_of
from mog_lint.model.project import Module, Project
from mog_lint.model.summary import Function

DECORATORS = frozenset(
    name
    for pattern in (
        "{typer,typer.main}.Typer.{command,callback}",
        "{click,asyncclick,rich_click}.{command,group}",
        "{click,asyncclick,rich_click}.Group.{command,group}",
        "cyclopts.App.{command,default}",
    )
    for name in expand(pattern)
)
DEEPEST = 6  # calls between a command and what is part of it


@dataclass(frozen=True, eq=False)
class Commands:
    """The commands of a project, and the coroutines that nobody else awaits."""

    project: Project

    def has(self, function: Function, module: Module) -> bool:
        """Say whether a coroutine is a command, or called by commands alone."""
        return bool(self._commands) and self._has(function, module, DEEPEST)

    def _has(self, function: Function, module: Module, depth: int) -> bool:
        if function.site in self._commands.get(module.path, ()):
            return True
        # Of a method's callers only some are known.
        if not depth or function.is_method or function.decorations:
            return False
        callers = list(self._callers_of(function, module))
        return bool(callers) and all(self._has(caller, home, depth - 1) for home, caller in callers)

    def _callers_of(self, function: Function, module: Module) -> Iterator[tuple[Module, Function]]:
        place = (module, function)
        for home, caller, number in calls_of(function.qualname, self.project):
            called = self.project.functions(caller.calls[number].symbols, home)
            if (home, caller) != place and place in called:
                yield home, caller

    @cached_property
    def _commands(self) -> Mapping[Path, frozenset[int]]:
        """The sites of the functions that are decorated as commands, by module."""
        found = self.project.table("commands", self._of)
        return {path: sites for path, sites in found.items() if sites}

    def _of(self, module: Module) -> frozenset[int]:
        return frozenset(item.site for item in module.summary.functions if self._is_decorated(item, module))

    def _is_decorated(self, function: Function, module: Module) -> bool:
        symbols = [symbol for decoration in function.decorations for symbol in decoration.symbols]
        return not DECORATORS.isdisjoint(name.replace("()", "") for name in self.project.resolve(symbols, module))
