"""Which blocking calls a coroutine reaches through functions of the project, and on which way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mog_lint.blocking import Kind
from mog_lint.model.coroutines import Blocked, Coroutines
from mog_lint.model.feasible import Values, calls_made, values_given
from mog_lint.model.project import Module
from mog_lint.model.summary import Call, Function, Use

NOTHING: Values = frozenset()
RUNNING = "asyncio.get_running_loop"


@dataclass(frozen=True)
class Step:
    """A call on the way: its module and site, and the function that it stands in.

    `is_certain` says that the function gets there whatever is asked on the way.
    """

    module: Module
    site: int
    function: Function
    is_certain: bool


@dataclass(frozen=True)
class Chain:
    """The way from a coroutine's own call to a blocking one: `steps` are the calls behind its own, the last blocks."""

    coroutine: Function
    call: Call
    blocked: Blocked
    steps: tuple[Step, ...]

    @property
    def is_certain(self) -> bool:
        """Whether the first call is sure to lead to the last."""
        return _is_certain(self.steps)


Way = tuple[Blocked, tuple[Step, ...]]


@dataclass(frozen=True)
class ChainSearch:
    """Follows plain functions and methods of the project; what other decorators and generators do is not known.

    `depth` is the greatest number of calls between a coroutine and one that blocks.
    """

    coroutines: Coroutines
    depth: int
    _found: dict[tuple[Module, int, int, Values], tuple[Way, ...]] = field(default_factory=dict)

    def chains(self, module: Module) -> Iterator[Chain]:
        """Yield, for each coroutine of a module, one chain for each blocking call that it reaches."""
        for function in module.summary.functions:
            if not function.is_async:
                continue
            chains = list(self._of(function, module))
            if chains and not self.coroutines.has_loop_to_itself(function, module):
                yield from chains

    def _of(self, coroutine: Function, module: Module) -> Iterator[Chain]:
        seen: set[tuple[Module, int]] = set()
        for call, _ in calls_made(coroutine, NOTHING):
            for blocked, steps in self._from(call, module, seen):
                if not self.coroutines.asks_first(blocked.blocking.name, coroutine, module):
                    yield Chain(coroutine, call, blocked, steps)
                    break

    def _from(self, call: Call, module: Module, seen: set[tuple[Module, int]]) -> Iterator[Way]:
        for home, helper in self._helpers(call, module):
            values = self._values(call, helper, home, NOTHING)
            found = self._below(home, helper, self.depth, values)
            for blocked, steps in sorted(found, key=_last_to_tell):
                sink = (steps[-1].module, steps[-1].site)
                if sink not in seen:
                    seen.add(sink)
                    yield blocked, steps

    def _values(self, call: Call, helper: Function, home: Module, known: Values) -> Values:
        if not helper.parameters:
            return NOTHING
        is_bound = helper.is_method and not self.coroutines.is_static(helper, home)
        return values_given(call, helper, known, is_bound=is_bound)

    def _below(self, module: Module, function: Function, depth: int, values: Values) -> tuple[Way, ...]:
        key = (module, function.site, depth, values)
        if key not in self._found:
            self._found[key] = ()  # of a recursion the first turn tells all
            self._found[key] = tuple(self._search(module, function, depth, values))
        return self._found[key]

    def _search(self, module: Module, function: Function, depth: int, values: Values) -> Iterator[Way]:
        calls = dict(calls_made(function, values))
        for blocked in self.coroutines.blocked_in(function, module, calls):
            if self._counts(blocked, module):
                yield blocked, (Step(module, blocked.call.site, function, calls[blocked.call]),)
        for call, is_certain in calls.items() if depth > 1 else ():
            step = Step(module, call.site, function, is_certain)
            for home, helper in self._helpers(call, module):
                given = self._values(call, helper, home, values)
                yield from ((blocked, (step, *steps)) for blocked, steps in self._below(home, helper, depth - 1, given))

    def _counts(self, blocked: Blocked, module: Module) -> bool:
        """Say whether a helper's call is worth a word: short locks are not, nor what asks for a running loop."""
        if blocked.call.use in (Use.WITH, Use.WITH_AWAIT):
            return False
        name, function = blocked.blocking.name, blocked.function
        if RUNNING in self.coroutines.names(function, module) or self.coroutines.asks_first(name, function, module):
            return False
        return not (blocked.blocking.kind is Kind.WAIT and "Lock" in name)

    def _helpers(self, call: Call, module: Module) -> tuple[tuple[Module, Function], ...]:
        """Return the functions that a call runs on the spot."""
        if call.is_awaited or call.use in (Use.WITH, Use.WITH_AWAIT):
            return ()
        found = self.coroutines.project.functions(call.symbols, module)
        if all(self._runs(function, home) for home, function in found):
            return found
        return ()

    def _runs(self, function: Function, module: Module) -> bool:
        if function.is_async or function.is_generator:
            return False
        return self.coroutines.is_plain(function, module)


def _is_certain(steps: tuple[Step, ...]) -> bool:
    return all(step.is_certain for step in steps)


def _last_to_tell(way: Way) -> tuple[bool, bool]:
    """Put files behind other calls, and what is certain first."""
    blocked, steps = way
    return blocked.blocking.kind is Kind.FILE, not _is_certain(steps)
