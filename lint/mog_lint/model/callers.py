"""Which calls of the project may be of a function, or hand it to something that calls it: those of its name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from mog_lint.model.project import Module, Project
from mog_lint.model.summary import Function, Symbols

Calls = Mapping[str, list[tuple[Module, Function, int]]]


def calls_of(name: str, project: Project) -> Iterator[tuple[Module, Function, int]]:
    """Yield the calls of which this is the last name of what is called, or of what it is given first."""
    for calls in project.table("calls", _calls_in).values():
        yield from calls.get(name, ())


def last_name(symbols: Symbols) -> str:
    """Return the last part of what symbols name first, "" where they name nothing."""
    return symbols[0].replace(":", ".").rpartition(".")[2] if symbols else ""


def _calls_in(module: Module) -> Calls:
    found: dict[str, list[tuple[Module, Function, int]]] = defaultdict(list)
    for function in module.summary.functions:
        for number, call in enumerate(function.calls):
            for name in {last_name(call.symbols), last_name(call.argument("0"))}:
                found[name].append((module, function, number))
    return found
