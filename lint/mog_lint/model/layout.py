"""Under which name a file is imported, as far as its place tells.

A task's default name begins with its module's name, so a wrong guess is a renamed task. Where the place allows more
than one name, all are told and none is certain.

The directories from which modules are imported come from `[tool.mog] src`, else from what the build back end is told in
pyproject.toml, else src/ of a project that has one; and always the project's own directory.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mog_lint.config import LintConfig


@dataclass(frozen=True)
class ModuleName:
    """The names that a module may have, likeliest first; empty where it cannot be imported at all."""

    candidates: tuple[str, ...]
    is_package: bool = False

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages from which the module's relative imports may start."""
        if self.is_package:
            return self.candidates
        return tuple(dict.fromkeys(name.rpartition(".")[0] for name in self.candidates))


class Layout:
    """Knows a project's source roots and names its modules; `given` are files that count as if they were on disk.

    What it has said it says again: where files have come or gone, make a new one.
    """

    def __init__(self, config: LintConfig, given: Container[Path] = ()) -> None:
        self.root = config.root
        self.given = given
        self._known_roots: dict[Path, list[int]] = {}
        self._known_names: dict[Path, ModuleName] = {}
        named = config.src or tuple(_roots_of_build_back_end(config.pyproject)) or tuple(_conventional_roots(config))
        roots = [(self.root / place).resolve() for place in named]
        # The innermost root of a file decides: it is what the build back end or the user named on purpose.
        self.named_roots = sorted(set(roots) - {self.root}, key=lambda path: -len(path.parts))

    def module_name(self, path: Path) -> ModuleName:
        """Return the names under which the file at the absolute `path` may be imported."""
        if path not in self._known_names:
            self._known_names[path] = self._name(path)
        return self._known_names[path]

    def _name(self, path: Path) -> ModuleName:
        is_package = path.stem == "__init__"
        parts = path.parent.parts if is_package else (*path.parent.parts, path.stem)
        candidates = []
        for depth in self._roots(path.parent):
            module = parts[depth:]
            if module and all(part.isidentifier() for part in module):
                candidates.append(".".join(module))
        return ModuleName(tuple(dict.fromkeys(candidates)), is_package)

    def _roots(self, directory: Path) -> list[int]:
        """Return how many parts of the path lie above a module's name, for each root it may be imported from."""
        if directory not in self._known_roots:
            self._known_roots[directory] = self._find_roots(directory)
        return self._known_roots[directory]

    def _find_roots(self, directory: Path) -> list[int]:
        for root in self.named_roots:
            if root == directory or root in directory.parents:
                return [len(root.parts)]
        top = self._top_of_package(directory)
        roots = [top]
        if self.root in top.parents:
            # Directories without __init__.py lie between: namespace packages, or not packages at all.
            roots.insert(1 if top != directory else 0, self.root)
        return [len(root.parts) for root in roots]

    def _top_of_package(self, directory: Path) -> Path:
        """Return the directory above the unbroken chain of packages that ends in this one."""
        while self._is_package(directory) and directory != directory.parent:
            directory = directory.parent
        return directory

    def _is_package(self, directory: Path) -> bool:
        init = directory / "__init__.py"
        return init in self.given or init.is_file()


def _conventional_roots(config: LintConfig) -> Iterator[str]:
    """`src`: setuptools, hatch, uv and poetry find it by themselves, and `mog run` imports from it."""
    known = {"project", "build-system"} & config.pyproject.keys() or _look_up(config.pyproject, "tool", "mog")
    if known and (config.root / "src").is_dir() and not (config.root / "src" / "__init__.py").exists():
        yield "src"


def _roots_of_build_back_end(pyproject: Mapping[str, Any]) -> Iterator[str]:
    """Read hatch, setuptools, poetry, pdm and uv; a table of an unexpected shape says nothing."""
    wheel = _look_up(pyproject, "tool", "hatch", "build", "targets", "wheel")
    for package in _texts(_look_up(wheel, "packages")):
        yield str(PurePosixPath(package).parent)
    sources = _look_up(wheel, "sources")
    yield from _texts(list(sources) if isinstance(sources, Mapping) else sources)
    package_dir = _look_up(pyproject, "tool", "setuptools", "package-dir")
    yield from _texts([_look_up(package_dir, "")])
    yield from _texts(_look_up(pyproject, "tool", "setuptools", "packages", "find", "where"))
    packages = _look_up(pyproject, "tool", "poetry", "packages")
    for entry in packages if isinstance(packages, list) else []:
        yield from _texts([_look_up(entry, "from")])
    yield from _texts([_look_up(pyproject, "tool", "pdm", "build", "package-dir")])
    yield from _texts([_look_up(pyproject, "tool", "uv", "build-backend", "module-root")])


def _look_up(table: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(table, Mapping):
            return None
        table = table.get(key)
    return table


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
