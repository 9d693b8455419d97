"""Which functions are tasks: by what their decorators lead to, never by how these are called here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mog_lint.model.project import Module, Project
from mog_lint.model.summary import Decoration, Function

TASK_API = ("mog", "mognet")


@dataclass(frozen=True)
class Task:
    """A function under a task decorator.

    `is_own_api` says that the decorator is mog's or mognet's, whose default name is known to be `module.qualname`.
    `position` counts the decorators from the top.
    """

    function: Function
    decoration: Decoration
    position: int
    is_own_api: bool


def tasks_of(module: Module, project: Project, decorators: frozenset[str]) -> Iterator[Task]:
    """Yield the tasks of a module; `decorators` are the names of `task-decorators` in the configuration."""
    for function in module.summary.functions:
        for position, decoration in enumerate(function.decorations):
            names = project.resolve(decoration.symbols, module)
            own = any(is_task_api(name) for name in names)
            if own or any(name.replace("()", "") in decorators for name in names):
                yield Task(function, decoration, position, own)


def is_task_api(name: str) -> bool:
    """Say whether a full name is `task` of mog or mognet, of one of their modules, or a method of their App."""
    root, *middle = name.split(".")
    return root in TASK_API and middle[-1:] == ["task"] and all(part.islower() or part == "App()" for part in middle)
