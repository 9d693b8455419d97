"""Which functions are tasks, and under which names: by what their decorators lead to, never by how these are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mog_lint.model.project import Module, Project
from mog_lint.model.summary import NONE, Argument, Decoration, Function, text_of

TASK_API = ("mog", "mognet")
APP_METHOD = ".App().task"


@dataclass(frozen=True, eq=False)
class Task:
    """A function under a task decorator.

    `position` counts the decorators from the top. `is_own_api` says that the decorator is mog's or Mognet's, whose
    default name is known to be `module.qualname`; `is_mog` that it is mog's, whose Pause takes a delay and whose
    context keeps the places of loops. `apps` are the modules in which the apps that it is a method of are made; without
    one the task is known to all apps of a program.
    """

    module: Module
    function: Function
    decoration: Decoration
    position: int
    is_own_api: bool
    apps: frozenset[Module]
    is_mog: bool

    def argument(self, *keywords: str) -> Argument | None:
        """Return the decorator's first argument with one of these keywords, or None."""
        arguments = self.decoration.arguments or ()
        return next((argument for argument in arguments if argument.keyword in keywords), None)

    @property
    def is_innermost(self) -> bool:
        """Whether no decorator stands below the task's: it is then the function itself that becomes a task."""
        return self.position == len(self.function.decorations) - 1

    @property
    def is_in_function(self) -> bool:
        """Whether the task is declared while a function runs."""
        return "<locals>" in self.function.qualname


@dataclass(frozen=True)
class Declaration:
    """A name that a task is known by: its own or an alias, at the site where it is written."""

    task: Task
    name: str
    site: int


@dataclass(frozen=True, eq=False)
class Tasks:
    """The tasks of a project; `decorators` are those that the configuration adds."""

    project: Project
    decorators: frozenset[str]

    @property
    def _by_path(self) -> Mapping[Path, tuple[Task, ...]]:
        return self.project.table("tasks", self._tasks)

    @cached_property
    def by_name(self) -> Mapping[str, tuple[Declaration, ...]]:
        """All names that are written out, with who bears them, in the order of files and declarations."""
        found: dict[str, list[Declaration]] = defaultdict(list)
        for declarations in self.project.table("names", self._declared).values():
            for declaration in declarations:
                found[declaration.name].append(declaration)
        return {name: tuple(declarations) for name, declarations in found.items()}

    def _declared(self, module: Module) -> tuple[Declaration, ...]:
        return tuple(declaration for task in self.of(module) for declaration in self.declarations(task))

    def __iter__(self) -> Iterator[Task]:
        """Yield all tasks, in the order of files and declarations."""
        for tasks in self._by_path.values():
            yield from tasks

    def of(self, module: Module) -> tuple[Task, ...]:
        """Return the tasks that a module declares."""
        return self.project.remember(module, "tasks", self._tasks)

    def is_task(self, function: Function, module: Module) -> bool:
        """Say whether a function is a task."""
        return any(task.function is function for task in self.of(module))

    @cached_property
    def known_names(self) -> frozenset[str]:
        """All names by which tasks of mog and Mognet may be known, empty where that of one cannot be told."""
        names = self.project.table("known names", self._names_of).values()
        each = [found for of_module in names for found in of_module]
        return frozenset().union(*each) if all(each) else frozenset()

    def _names_of(self, module: Module) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(self._names(task)) for task in self.of(module) if task.is_own_api)

    def _names(self, task: Task) -> Iterator[str]:
        """Yield the names of a task, its default names where it has none of its own; none where one is computed."""
        given, aliases = task.argument("name"), task.argument("aliases")
        declared = [declaration.name for declaration in self.declarations(task)]
        arguments = task.decoration.arguments or ()
        if any(argument.star for argument in arguments) or len(declared) < _written(given, aliases):
            return
        yield from declared
        if given is None or given.symbols == (NONE,):
            yield from (f"{module}.{task.function.qualname}" for module in task.module.name.candidates)

    def declarations(self, task: Task) -> Iterator[Declaration]:
        """Yield the names of a task that are written out: its own, then its aliases."""
        name = task.argument("name")
        if name is not None:
            yield from self._texts(task, name.symbols, name.site)
        aliases = task.argument("aliases")
        if aliases is not None:
            for symbols in aliases.items or ():
                yield from self._texts(task, symbols, aliases.site)

    def _texts(self, task: Task, symbols: tuple[str, ...], site: int) -> Iterator[Declaration]:
        for value in sorted(self.project.resolve(symbols, task.module)):
            text = text_of(value)
            if text is not None:
                yield Declaration(task, text, site)

    def _tasks(self, module: Module) -> tuple[Task, ...]:
        return tuple(self._found(module))

    def _found(self, module: Module) -> Iterator[Task]:
        for function in module.summary.functions:
            for position, decoration in enumerate(function.decorations):
                origins = self.project.origins(decoration.symbols, module)
                names = {name for name, _ in origins}
                own = any(is_task_api(name) for name in names)
                if own or any(name.replace("()", "") in self.decorators for name in names):
                    apps = frozenset(home for name, home in origins if name.endswith(APP_METHOD))
                    is_mog = any(is_task_api(name) and name.startswith("mog.") for name in names)
                    yield Task(module, function, decoration, position, own, apps, is_mog)


def _written(name: Argument | None, aliases: Argument | None) -> int:
    """Return how many names arguments write out or compute."""
    own = 0 if name is None or name.symbols == (NONE,) else 1
    return own + (0 if aliases is None else 1 if aliases.items is None else len(aliases.items))


def is_task_api(name: str) -> bool:
    """Say whether a full name is `task` of mog or mognet, of one of their modules, or a method of their App."""
    root, *middle = name.split(".")
    return root in TASK_API and middle[-1:] == ["task"] and all(part.islower() or part == "App()" for part in middle)
