"""Where tasks are interrupted on purpose: what raises Pause or Retry, also through functions of the project.

A task that is put back has to be left by an exception, so whatever catches everything on the way keeps it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mog_lint.model.blocks import GOING_ON, Block, Fact, Kind, enclosing
from mog_lint.model.contexts import context_methods
from mog_lint.model.coroutines import Coroutines
from mog_lint.model.project import Module
from mog_lint.model.summary import Call, Function, Use
from mog_lint.model.tasks import TASK_API, Tasks

OWN = frozenset({"Pause", "Retry"})
PAUSE = "mog.Pause"
RAISE_PAUSE = frozenset({"pause", "checkpointed"})
# What other task queues have raised for the same reason.
FOREIGN = frozenset(
    {"celery.exceptions.Retry", "celery.exceptions.Ignore", "celery.exceptions.Reject"}
    | {"celery.Task.retry", "celery.app.task.Task.retry", "^.retry"}  # `raise self.retry(…)`
    | {"arq.Retry", "arq.worker.Retry", "streaq.StreaqRetry", "streaq.types.StreaqRetry"}
    | {"dramatiq.Retry", "dramatiq.errors.Retry"}
)
EVERYTHING = frozenset({"builtins.Exception", "builtins.BaseException"})
KEEPING = frozenset({Kind.TRIED, Kind.SUPPRESS})  # blocks that an interruption may not leave
Key = tuple[Module, int]  # a function, by its site


@dataclass(frozen=True)
class Interruption:
    """A call, by its number in a function, that raises or leads to what raises: `raised`, at the site of `source`."""

    number: int
    raised: str
    source: tuple[Module, int]
    is_from_callee: bool = False


@dataclass(frozen=True, eq=False)
class Interruptions:
    """The interruptions of what runs as part of a project's tasks."""

    tasks: Tasks
    coroutines: Coroutines

    def runs_in_task(self, function: Function, module: Module) -> bool:
        """Say whether a function is a task or is called by one, at any depth."""
        return (module, function.site) in self._functions

    def of(self, function: Function, module: Module) -> Iterator[Interruption]:
        """Yield the calls of a function that interrupt the task that it runs for, if it runs for one."""
        key = (module, function.site)
        yield from self._own.get(key, ())
        for number, callee in self._edges.get(key, ()):
            if callee in self._leaving:
                for inner in self._leaving[callee].values():
                    yield Interruption(number, inner.raised, inner.source, is_from_callee=True)

    def own(self, function: Function, module: Module) -> Iterator[Interruption]:
        """Yield those that a function's own body raises."""
        for number, call in enumerate(function.calls):
            raised = self._raised(call, module)
            if raised:
                yield Interruption(number, raised, (module, call.site))

    def _raised(self, call: Call, module: Module) -> str:
        """Return the name of what a call raises by itself, empty where it does not."""
        if call.use is Use.RAISED:
            names = (name.replace("()", "") for name in self.tasks.project.resolve(call.symbols, module))
            return next((name for name in sorted(names) if is_interruption(name)), "")
        return "" if RAISE_PAUSE.isdisjoint(context_methods(call, self.tasks.project, module)) else PAUSE

    @cached_property
    def _functions(self) -> Mapping[Key, Function]:
        """The tasks, and all functions of the project that they call, at any depth."""
        pending = [(task.module, task.function) for task in self.tasks]
        found: dict[Key, Function] = {}
        while pending:
            module, function = pending.pop()
            key = (module, function.site)
            if key not in found:
                found[key] = function
                pending += [(home, item) for _, home, item in self._run_by(function, module)]
        return found

    @cached_property
    def _edges(self) -> Mapping[Key, list[tuple[int, Key]]]:
        """The calls of these functions that run another of them, each by its number."""
        return {
            key: [(number, (home, item.site)) for number, home, item in self._run_by(function, key[0])]
            for key, function in self._functions.items()
        }

    @cached_property
    def _own(self) -> Mapping[Key, list[Interruption]]:
        return {(module, site): self._raised_in(item, module) for (module, site), item in self._functions.items()}

    def _raised_in(self, function: Function, module: Module) -> list[Interruption]:
        known: dict[int, list[Interruption]] = self.tasks.project.remember(module, "raised", lambda _: {})
        if function.site not in known:
            known[function.site] = list(self.own(function, module))
        return known[function.site]

    @cached_property
    def _leaving(self) -> Mapping[Key, Mapping[str, Interruption]]:
        """The functions that interruptions leave, with one of those for each exception."""
        callers: dict[Key, list[tuple[int, Key]]] = defaultdict(list)
        for caller, calls in self._edges.items():
            for number, callee in calls:
                callers[callee].append((number, caller))
        found: dict[Key, dict[str, Interruption]] = defaultdict(dict)
        pending = [(key, item) for key, items in self._own.items() for item in items]
        while pending:
            key, item = pending.pop()
            if item.raised in found.get(key, {}) or self.keeper(item.number, self._functions[key], key[0]) is not None:
                continue
            found[key][item.raised] = item
            pending += [(caller, Interruption(number, item.raised, item.source)) for number, caller in callers[key]]
        return found

    def _run_by(self, function: Function, module: Module) -> Iterator[tuple[int, Module, Function]]:
        """Yield the project's functions that a function's calls run to their end, with the numbers of the calls."""
        known: dict[int, tuple[tuple[int, Module, Function], ...]]
        known = self.tasks.project.remember(module, "run", lambda _: {})
        if function.site not in known:
            known[function.site] = tuple(self._called_by(function, module))
        for number, home, item in known[function.site]:
            if self._runs(item, home):
                yield number, home, item

    def _called_by(self, function: Function, module: Module) -> Iterator[tuple[int, Module, Function]]:
        """Yield what a function calls so that it may be run: awaited ones, and plain ones."""
        for number, call in enumerate(function.calls):
            if call.use not in (Use.RAISED, Use.GIVEN, Use.WITH, Use.WITH_AWAIT):
                for home, item in self.tasks.project.functions(call.symbols, module):
                    if not item.is_generator and item.is_async == call.is_awaited:
                        yield number, home, item

    def _runs(self, function: Function, module: Module) -> bool:
        """Say whether calling a function runs its body; this depends on its own module, not on that of the call."""
        known: dict[int, bool] = self.tasks.project.remember(module, "runs", lambda _: {})
        if function.site not in known:
            is_plain = self.coroutines.is_plain(function, module)
            known[function.site] = is_plain or self.tasks.is_task(function, module)
        return known[function.site]

    def keeper(self, number: int, function: Function, module: Module) -> Block | None:
        """Return the first block around a call that keeps an interruption from leaving the function, or None."""
        for block in enclosing(number, function.blocks):
            found = self._catcher(block, function, module)
            if found is not None and (found.kind is Kind.SUPPRESS or _keeps(found)):
                return found
        return None

    def _catcher(self, block: Block, function: Function, module: Module) -> Block | None:
        if block.kind is Kind.SUPPRESS:
            return block if self._catches(block, module) else None
        if block.kind is not Kind.TRIED:
            return None
        handlers = (item for item in function.blocks if item.kind is Kind.EXCEPT and item.parent == block.parent)
        return next((handler for handler in handlers if self._catches(handler, module)), None)

    def _catches(self, block: Block, module: Module) -> bool:
        return self.is_on_purpose(block, module) or not EVERYTHING.isdisjoint(self.caught(block, module))

    def is_on_purpose(self, block: Block, module: Module) -> bool:
        """Say whether a block names an interruption among what it catches."""
        return any(map(is_interruption, self.caught(block, module)))

    def caught(self, block: Block, module: Module) -> set[str]:
        """Return the full names of what a block catches."""
        return {name.replace("()", "") for name in self.tasks.project.resolve(block.symbols, module)}


def is_interruption(name: str) -> bool:
    """Say whether a full name is an exception by which a task is put back."""
    root, _, rest = name.partition(".")
    return name in FOREIGN or (root in TASK_API and rest.rpartition(".")[2] in OWN)


def _keeps(handler: Block) -> bool:
    """Say whether a handler may end without raising anew what it caught, unless it asks what that is."""
    if Fact.RERAISES not in handler.facts:
        return True
    return Fact.ASKS not in handler.facts and any(fact in handler.facts for fact in GOING_ON)
