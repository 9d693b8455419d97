"""The project: all its files' summaries, linked by the names of their modules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any, TypeVar

from mog_lint.model.registry import Module, Registry, names_of
from mog_lint.model.summary import Class, Function, Symbols

__all__ = ["Module", "Origin", "Project", "absolute"]

PROPERTIES = frozenset({"builtins:property", "functools:cached_property"})
MAX_STEPS = 64  # links followed for one symbol, against imports that go round in circles

Origin = tuple[str, Module]
T = TypeVar("T")


class Project:
    """The modules that are analysed together; third-party code is known by name alone.

    Where a symbol leads is remembered until a module changes that was met on the way, or was missed there.
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self._registry = Registry()
        self._resolved: dict[Module, dict[str, frozenset[Origin]]] = {}
        self._called: dict[Module, dict[Symbols, tuple[tuple[Module, Function], ...]]] = {}
        # On the way of which symbols, of modules at these paths, the module of a name was looked for.
        self._asked: dict[str, set[tuple[str, Path]]] = defaultdict(set)
        self._way: set[str] = set()  # the names looked up for the symbol that is followed right now
        self._definitions: dict[Module, dict[str, list[Function]]] = {}
        self._derived: dict[Module, dict[str, Any]] = {}
        self._tables: dict[str, dict[Path, Any]] = {}  # what is derived, by its name, in the order of paths
        self._outdated: dict[str, set[Path]] = {}  # of these tables
        self._paths: list[Path] | None = None  # in order
        self._in_order: tuple[Module, ...] | None = None
        self.revision = 0
        for module in modules:
            self.put(module)

    @property
    def modules(self) -> tuple[Module, ...]:
        """All modules in the order of their paths."""
        known = self._registry.by_path
        if self._paths is None:
            self._paths = sorted(known)
        if self._in_order is None:
            self._in_order = tuple(known[path] for path in self._paths)
        return self._in_order

    @property
    def paths(self) -> Set[Path]:
        """The paths of all modules."""
        return self._registry.by_path.keys()

    def remember(self, module: Module, name: str, make: Callable[[Module], T]) -> T:
        """Return what `make` gives for a module, worked out once as long as the module's symbols lead where they do.

        It may depend on nothing else; `name` tells one such thing from another.
        """
        derived = self._derived.setdefault(module, {})
        if name not in derived:
            derived[name] = make(module)
        found: T = derived[name]
        return found

    def table(self, name: str, make: Callable[[Module], T]) -> Mapping[Path, T]:
        """Return what `remember` does of all modules, by their paths and in the order of these.

        It is brought up to date where modules have changed, so that it costs little to ask again after a change.
        """
        outdated = self._outdated.get(name)
        if outdated is None:
            self._tables[name] = {module.path: self.remember(module, name, make) for module in self.modules}
            self._outdated[name] = set()
        for path in outdated or ():
            self._tables[name][path] = self.remember(self._registry.by_path[path], name, make)
        self._outdated[name].clear()
        return self._tables[name]

    def at(self, path: Path) -> Module | None:
        """Return the module of a file, if it is one of the project's."""
        return self._registry.by_path.get(path)

    def put(self, module: Module) -> None:
        """Add a module, in the place of the one that was at its path."""
        if self.at(module.path) is None:
            self._reorder()
        else:
            self._remove(module.path)
        self._registry.add(module)
        self._forget(module)
        self._make_anew(module.path)

    def drop(self, path: Path) -> None:
        """Remove the module at a path, if there is one."""
        if self.at(path) is not None:
            self._remove(path)
            self._reorder()

    def _remove(self, path: Path) -> None:
        module = self._registry.by_path[path]
        self._registry.remove(module)
        self._forget(module)
        for known in (self._resolved, self._derived, self._called, self._definitions):
            known.pop(module, None)

    def _reorder(self) -> None:
        """Forget in which order the modules are, because one comes or goes."""
        self._paths = None
        self._tables.clear()
        self._outdated.clear()

    def _make_anew(self, path: Path) -> None:
        """Have all tables look at a module again."""
        for outdated in self._outdated.values():
            outdated.add(path)

    def _forget(self, module: Module) -> None:
        """Forget where symbols lead that have met or missed a module."""
        self._in_order = None
        self.revision += 1
        for name in names_of(module):
            for symbol, path in self._asked.pop(name, ()):
                home = self._registry.by_path.get(path)
                if home is not None:
                    self._resolved.get(home, {}).pop(symbol, None)
                    self._called.pop(home, None)
                    self._derived.pop(home, None)
                    self._make_anew(path)

    def find(self, name: str) -> Module | None:
        """Return the module of a full name, or None where no file of the project can have it."""
        self._way.add(name)
        return self._registry.find(name)

    def resolve(self, symbols: Iterable[str], home: Module) -> frozenset[str]:
        """Return the full names that symbols of the module `home` lead to, through imports inside the project.

        A name is dotted, with `()` behind what was called: `mog.task`, `mog.App().task`, `shop.jobs.retry`. Constants
        stay symbols.
        """
        return frozenset(name for name, _ in self.origins(symbols, home))

    def origins(self, symbols: Iterable[str], home: Module) -> frozenset[Origin]:
        """Return the full names, each with the module of the project in which it is last spelt."""
        known = self._resolved.setdefault(home, {})
        found: set[Origin] = set()
        for symbol in symbols:
            if symbol not in known:
                self._way = set()
                known[symbol] = frozenset(self._follow(symbol, home))
                for name in self._way:
                    self._asked[name].add((symbol, home.path))
            found |= known[symbol]
        return frozenset(found)

    def look_ahead(self, symbols: Iterable[str], home: Module) -> set[str]:
        """Return the same as `resolve` without a note of which modules that asks for."""
        return {name for symbol in symbols for name, _ in self._follow(symbol, home)}

    @property
    def asked(self) -> Set[str]:
        """The names of modules, there or not, on which depends where the symbols lead that have been resolved."""
        return self._asked.keys()

    def functions(self, symbols: Symbols, home: Module) -> tuple[tuple[Module, Function], ...]:
        """Return the project's functions that calling these symbols may run, empty where one of them is not known."""
        known = self._called.setdefault(home, {})
        if symbols not in known:
            known[symbols] = self._functions(self.resolve(symbols, home), home)
        return known[symbols]

    def _functions(self, names: Iterable[str], home: Module) -> tuple[tuple[Module, Function], ...]:
        found: list[tuple[Module, Function]] = []
        for name in sorted(names):
            defined = () if name.startswith("=") else self._defined(name, home)
            if not defined:
                return ()
            found += defined
        return tuple(found)

    def _defined(self, name: str, home: Module) -> list[tuple[Module, Function]]:
        """Return the definitions of a full name: more than one in branches, or of a class its `__init__`."""
        if name.endswith(")"):
            return []
        parts = name.replace("()", "").split(".")
        for depth in range(len(parts) - 1, -1, -1):
            module = self._registry.find(".".join(parts[:depth])) if any(parts[:depth]) else None
            module = module or (home if depth == 1 and not parts[0] else None)
            if module is not None:
                qualname = ".".join(parts[depth:])
                if qualname in module.summary.classes:
                    qualname = f"{qualname}.__init__"
                return [(module, item) for item in self._functions_of(module).get(qualname, ())]
        return []

    def _functions_of(self, module: Module) -> dict[str, list[Function]]:
        if module not in self._definitions:
            known = self._definitions[module] = {}
            for function in module.summary.functions:
                known.setdefault(function.qualname, []).append(function)
        return self._definitions[module]

    def _follow(self, symbol: str, home: Module) -> Iterator[Origin]:
        pending = [(symbol, home)]
        seen: set[tuple[str, Module]] = set()
        while pending and len(seen) < MAX_STEPS:
            step = pending.pop()
            if step in seen:
                continue
            seen.add(step)
            for outcome in self._step(*step):
                if isinstance(outcome, str):
                    yield outcome, step[1]
                else:
                    pending.append(outcome)

    def _step(self, symbol: str, home: Module) -> Iterator[str | tuple[str, Module]]:
        """Follow one link: yield full names where it ends, and (symbol, module) where it goes on."""
        module_name, _, attributes = symbol.partition(":")
        if symbol.startswith("="):
            yield symbol
        elif module_name == "*":
            yield from ((f"{star}:{attributes}", home) for star in home.summary.stars)
        elif not module_name:
            yield from self._attribute(home, attributes, (home.name.candidates or ("",))[0])
        elif module_name.startswith("."):
            yield from ((f"{name}:{attributes}", home) for name in absolute(module_name, home))
        elif (module := self.find(module_name)) is not None:
            yield from self._attribute(module, attributes, module_name)
        else:
            yield from self._unknown_module(module_name, attributes, home)

    def _unknown_module(self, name: str, attributes: str, home: Module) -> Iterator[str | tuple[str, Module]]:
        """Follow into a third-party module, or a namespace package, of which only submodules are files."""
        head, _, rest = attributes.partition(".")
        below = f"{name}.{head}"
        if head and (self.find(below) is not None or self._registry.has_package(below)):
            yield (f"{below}:{rest}", home)
        else:
            yield f"{name}.{attributes}".rstrip(".")

    def _attribute(self, module: Module, attributes: str, name: str) -> Iterator[str | tuple[str, Module]]:
        head, _, rest = attributes.partition(".")
        bare = head.removesuffix("()")
        exported = module.summary.exports.get(bare)
        if not head:
            yield name
        elif exported is not None:
            for symbol in exported:
                if symbol == f":{bare}":
                    yield from self._definition(module, attributes, name)
                else:
                    yield (_join(symbol, attributes[len(bare) :]), module)
        elif self.find(f"{name}.{head}") is not None:
            yield (f"{name}.{head}:{rest}", module)
        else:
            yield from ((f"{star}:{attributes}", module) for star in module.summary.stars)

    def _definition(self, module: Module, attributes: str, name: str) -> Iterator[str | tuple[str, Module]]:
        """Follow a function or class of the module: what is called gives what it returns or what its bases say."""
        head, _, rest = attributes.partition(".")
        bare = head.removesuffix("()")
        given: list[str] = []
        if head != bare and rest:
            own = module.summary.classes.get(bare)
            if own is None:
                given = [f"{symbol}.{rest}" for symbol in self._returned(module, bare)]
            else:
                given = self._held(module, own, rest)
        if given:
            yield from ((symbol, module) for symbol in given)
        else:
            yield f"{name}.{attributes}"

    def _held(self, module: Module, own: Class, attributes: str) -> list[str]:
        """Follow attributes of an instance: to what it holds, to what a method or property gives, or to its bases."""
        member, dot, deeper = attributes.partition(".")
        bare = member.removesuffix("()")
        if held := own.attributes.get(bare):
            return [_join(symbol, attributes[len(bare) :]) for symbol in held]
        if bare not in own.members:
            return [f"{symbol}().{attributes}" for base in own.bases for symbol in base]
        method = f"{own.qualname}.{bare}"
        if member != bare and dot:
            return [f"{symbol}.{deeper}" for symbol in self._returned(module, method)]
        if self._is_property(module, method):
            return [_join(symbol, attributes[len(bare) :]) for symbol in self._returned(module, method)]
        return []

    def _returned(self, module: Module, qualname: str) -> list[str]:
        """Return the symbols of what calling a function of the module gives."""
        functions = self._functions_of(module).get(qualname, ())
        return [symbol for function in functions for symbol in function.returns]

    def _is_property(self, module: Module, qualname: str) -> bool:
        functions = self._functions_of(module).get(qualname, ())
        decorations = (decoration for function in functions for decoration in function.decorations)
        return any(not PROPERTIES.isdisjoint(decoration.symbols) for decoration in decorations)


def _join(symbol: str, rest: str) -> str:
    """Append `()`, `.attribute` or both to a symbol; directly behind a module's colon no dot stands."""
    return symbol + (rest.removeprefix(".") if symbol.endswith(":") else rest)


def absolute(module_name: str, home: Module) -> Iterator[str]:
    """Return the absolute names of a relative import, for each package that the file may lie in."""
    tail = module_name.lstrip(".")
    levels = len(module_name) - len(tail)
    for package in home.name.packages:
        parts = package.split(".") if package else []
        if len(parts) >= levels:  # an import that leaves its top-level package fails in Python too
            parts = parts[: len(parts) - levels + 1]
            yield ".".join([*parts, tail] if tail else parts)
