"""The modules of a project, by the names under which they can be imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mog_lint.model.layout import ModuleName
from mog_lint.model.summary import Summary


@dataclass(frozen=True, eq=False)
class Module:
    """A file of the project, as its place and its content tell."""

    path: Path
    name: ModuleName
    summary: Summary


@dataclass
class Registry:
    """Modules by path, and by each name that they may have; also knows packages that are no files."""

    by_path: dict[Path, Module] = field(default_factory=dict)
    _ranked: dict[str, list[tuple[int, Module]]] = field(default_factory=dict)
    _packages: Counter[str] = field(default_factory=Counter)

    def add(self, module: Module) -> None:
        """Add a module at a path at which there is none."""
        self.by_path[module.path] = module
        for rank, name in enumerate(module.name.candidates):
            self._ranked.setdefault(name, []).append((rank, module))
            self._packages.update(_packages_of(name))

    def remove(self, module: Module) -> None:
        """Remove a module that is there."""
        del self.by_path[module.path]
        for rank, name in enumerate(module.name.candidates):
            self._ranked[name].remove((rank, module))
            self._packages.subtract(_packages_of(name))

    def find(self, name: str) -> Module | None:
        """Return the module of a name: of files that may have it the likeliest, of those the first in path order."""
        ranked = self._ranked.get(name)
        return min(ranked, key=lambda entry: (entry[0], entry[1].path))[1] if ranked else None

    def has_package(self, name: str) -> bool:
        """Say whether modules lie below a name."""
        return self._packages[name] > 0


def names_of(module: Module) -> Iterator[str]:
    """Yield the names for which it makes a difference that a module is there."""
    for name in module.name.candidates:
        yield name
        yield from _packages_of(name)


def _packages_of(name: str) -> Iterator[str]:
    while name := name.rpartition(".")[0]:
        yield name
