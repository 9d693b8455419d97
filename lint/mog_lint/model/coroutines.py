"""What coroutines do to the event loop that runs them: the blocking calls in their bodies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from mog_lint.blocking import Blocking, Kind, Knowledge, canonical, expand
from mog_lint.model.commands import Commands
from mog_lint.model.project import Module, Project
from mog_lint.model.summary import FLAGS, Call, Function, Use

AT_ONCE = frozenset({"timeout=0", "timeout=0.0", "block=False", "blocking=False", "wait=False", "nowait=True"})
POSITIONAL = {"acquire": "0=False", "get": "0=False", "join": "0=0", "wait": "0=0", "result": "0=0", "poll": "0=0"}
# What a function asks for lest it waits, and what is its own, by the end of the name of the wait.
ASKED = {
    "Future.result": "concurrent.futures.Future.done",
    "Future.exception": "concurrent.futures.Future.done",
    "Queue.get": "queue.Queue.empty",
    "threading.Lock.acquire": "threading.Lock",
}
# Decorators that leave a function what it is.
PLAIN = frozenset({"builtins.staticmethod", "builtins.classmethod", "abc.abstractmethod", "typing.final"})
KICK = ".kiq"  # what submits a task of taskiq, and has no other meaning
ITEM = ".__iter__()."
OVERRIDE, OVERLOAD = ".override", ".overload"
COROUTINES = frozenset(
    name
    for pattern in (
        "asyncio.{sleep,wait,wait_for,to_thread,open_connection,start_server}",
        "asyncio.{create_subprocess_exec,create_subprocess_shell}",
        "asyncio.{Event.wait,Condition.wait,Lock.acquire,Semaphore.acquire,Queue.get,Queue.put,Queue.join}",
        "asyncio.StreamWriter.{drain,wait_closed}",
        "{anyio,trio}.sleep",
        "anyio.to_thread.run_sync",
        "{mog,mognet}.Context.{submit,run,gather,get_result,set_metadata}",
        "{mog,mognet}.Context.state.{get,set,pop,clear}",
        "{mog,mognet}.State.{get,set,pop,clear}",
        "{mog,mognet}.App.{submit,run,connect,close,revoke}",
    )
    for name in expand(pattern)
)


@dataclass(frozen=True)
class Blocked:
    """A blocking call in a function's own body."""

    function: Function
    call: Call
    blocking: Blocking


@dataclass(frozen=True, eq=False)
class Coroutines:
    """The coroutines of a project; `offload` are functions and decorators that run what they are given elsewhere."""

    project: Project
    knowledge: Knowledge
    offload: frozenset[str]

    @cached_property
    def _known(self) -> dict[Module, tuple[Blocked, ...]]:
        return {}

    def blocked(self, module: Module, *kinds: Kind) -> Iterator[Blocked]:
        """Yield the calls of these kinds in the coroutines of a module."""
        if module not in self._known:
            self._known[module] = tuple(self._blocked(module))
        yield from (item for item in self._known[module] if item.blocking.kind in kinds)

    def _blocked(self, module: Module) -> Iterator[Blocked]:
        for function in module.summary.functions:
            found = list(self.blocked_in(function, module)) if function.is_async else []
            if found and not self.has_loop_to_itself(function, module):
                yield from found

    def blocked_in(self, function: Function, module: Module, calls: Iterable[Call] | None = None) -> Iterator[Blocked]:
        """Yield the blocking calls in the body of any function, or those among some of its calls."""
        inner: tuple[str, ...] = ()
        for call in function.calls if calls is None else calls:
            blocking = None if call.is_awaited or _returns_at_once(call) else self._find(call, module)
            if blocking is None:
                continue
            is_part = call.symbols[0].startswith(inner) and ITEM not in call.symbols[0]
            if not is_part:  # of `execute(…).fetchone()` the first is enough
                yield Blocked(function, call, blocking)
            if call.use is Use.PART:
                inner = (*inner, f"{call.symbols[0]}().")

    def waits(self, call: Call, module: Module, *kinds: Kind) -> bool:
        """Say whether a call is known to wait for something of these kinds, wherever it stands."""
        found = None if _returns_at_once(call) else self._find(call, module)
        return found is not None and found.kind in kinds

    def _find(self, call: Call, module: Module) -> Blocking | None:
        """Return what is known of a call if all that it may be is known to block."""
        names = self.project.resolve(call.symbols, module)
        found = [self.knowledge.find(name) for name in sorted(names) if not name.startswith("=")]
        return found[0] if found and all(found) else None

    def gives_coroutine(self, call: Call, module: Module) -> str | None:
        """Return the name of the coroutine function that is called, or None if what is called may be something else."""
        names = self.project.resolve(call.symbols, module)
        if names and all(_is_coroutine(name) for name in names):
            return min(names).replace("()", "")
        found = self.project.functions(call.symbols, module)
        real = [(home, item) for home, item in found if not self._is_decorated(item, home, OVERLOAD)]
        if real and all(item.is_async and not item.is_generator and self.is_plain(item, home) for home, item in real):
            return real[0][1].qualname
        return None

    def is_plain(self, function: Function, module: Module) -> bool:
        """Say whether calling a function runs its body, whatever its decorators do."""
        for decoration in function.decorations:
            names = self.project.resolve(decoration.symbols, module)
            if not names or not all(name in PLAIN or name.endswith(OVERRIDE) for name in names):
                return False
        return True

    def is_static(self, function: Function, module: Module) -> bool:
        """Say whether a method is given its object by nobody."""
        return self._is_decorated(function, module, "staticmethod")

    def _is_decorated(self, function: Function, module: Module, ending: str) -> bool:
        return any(name.endswith(ending) for name in self._decorators(function, module))

    def _decorators(self, function: Function, module: Module) -> frozenset[str]:
        symbols = [symbol for decoration in function.decorations for symbol in decoration.symbols]
        return self.project.resolve(symbols, module)

    @cached_property
    def _commands(self) -> Commands:
        return Commands(self.project)

    def has_loop_to_itself(self, function: Function, module: Module) -> bool:
        """Say whether nobody waits while a coroutine blocks: it is part of a command, or run elsewhere."""
        return self.is_offloaded(function, module) or self._commands.has(function, module)

    def is_offloaded(self, function: Function, module: Module) -> bool:
        """Say whether a decorator has a function run elsewhere."""
        return not self.offload.isdisjoint(name.replace("()", "") for name in self._decorators(function, module))

    def asks_first(self, wait: str, function: Function, module: Module) -> bool:
        """Say whether a function asks whether a wait of this name would be over at once."""
        asked = [question for end, question in ASKED.items() if wait.endswith(end)]
        return bool(asked) and not self.names(function, module).isdisjoint(asked)

    def names(self, function: Function, module: Module) -> set[str]:
        """Return the full names that a function calls, instances spelt as their class."""
        return {canonical(name) for call in function.calls for name in self.project.resolve(call.symbols, module)}


def _is_coroutine(name: str) -> bool:
    return not name.endswith(")") and (canonical(name) in COROUTINES or name.endswith(KICK))


def _returns_at_once(call: Call) -> bool:
    """Say whether the arguments ask not to wait."""
    if any(constant in AT_ONCE or constant.endswith(FLAGS) for constant in call.constants):
        return True
    method = call.symbols[0].rpartition(".")[2]
    return POSITIONAL.get(method) in call.constants
