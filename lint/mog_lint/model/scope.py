"""Names and what they may stand for, scope by scope, as the statements of a file bind them in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from mog_lint.model.summary import MAX_SYMBOL_LENGTH, Symbols, is_quantity

MAX_SYMBOLS = 8  # what a name may be after branches; past that nothing useful is known


class Scope:
    """The names of a module, class or function.

    `names` maps a bound name to its symbols; a name bound to an unknown value has none, which hides an outer one.
    """

    def __init__(self, parent: Scope | None = None, qualname: str = "", is_class: bool = False) -> None:
        self.names: dict[str, Symbols] = {}
        self.parent = parent
        self.qualname = qualname
        self.is_class = is_class
        self.self_name = ""  # in a method: what its instance is called, and the class
        self.self_class = ""
        self.on_bind: Callable[[str], None] | None = None  # told of each name that is bound
        self.asked: set[str] | None = None  # where they are wanted, the names that were looked up beyond this scope

    def bind(self, name: str, symbols: Symbols = ()) -> None:
        """Bind a name anew."""
        if self.on_bind is not None:
            self.on_bind(name)
        self.names[name] = tuple(symbol for symbol in symbols if len(symbol) <= MAX_SYMBOL_LENGTH)

    def look_up(self, name: str) -> Symbols | None:
        """Return what a name may be, or None where no scope binds it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or not scope.is_class):
                return scope.names[name]
            if scope.asked is not None:
                scope.asked.add(name)
            scope = scope.parent
        return None

    def look_beyond(self, name: str) -> Symbols | None:
        """Return what a name may be that this scope does not bind."""
        scope = self.parent
        while scope is not None and scope.is_class:
            scope = scope.parent
        return None if scope is None else scope.look_up(name)

    def is_local(self, name: str) -> bool:
        """Say whether a name is that of a function that encloses this place, or of this function itself."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or not scope.is_class):
                return scope.parent is not None and not scope.is_class
            scope = scope.parent
        return False

    def qualify(self, name: str) -> str:
        """Return the `__qualname__` of a definition in this scope."""
        return f"{self.qualname}{name}"


def merge(branches: Iterable[Mapping[str, Symbols]]) -> dict[str, Symbols]:
    """Return the names after branches of which one was taken: each may be what any branch made of it."""
    merged: dict[str, Symbols] = {}
    for names in branches:
        for name, symbols in names.items():
            known = merged.get(name)
            if known is None:
                merged[name] = symbols
            elif known != symbols:
                # One branch's number is not the other's; a text may still be a name.
                both = (symbol for symbol in known + symbols if not is_quantity(symbol))
                merged[name] = tuple(dict.fromkeys(both))[:MAX_SYMBOLS]
    return merged
