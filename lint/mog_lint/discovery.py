"""Which files are linted: what is named, and below a directory what git would track and Python would import."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mog_lint.config import LintConfig
from mog_lint.errors import PathError

if TYPE_CHECKING:
    import pathspec

SUFFIX = ".py"
NOT_LINTED = {".pyi": "a stub holds no code that runs", ".ipynb": "a notebook is no module"}
EXCLUDED_DIRECTORIES = frozenset(
    {
        "__pycache__",
        "__pypackages__",
        "_build",
        "build",
        "buck-out",
        "dist",
        "node_modules",
        "site-packages",
        "venv",
    }
)


@dataclass
class Discovery:
    """The files to lint, absolute and in order, and those that were named or found and left out, with the reason."""

    files: list[Path] = field(default_factory=list)
    skipped: dict[Path, str] = field(default_factory=dict)


def discover(paths: Iterable[Path], config: LintConfig) -> Discovery:
    """Find the files below `paths`, or below the project's directory where none is named.

    A named file is linted whatever its suffix and whatever .gitignore says; `exclude` of the configuration holds for
    it too, so that hooks that name files respect it. Raises PathError for a path that does not exist.
    """
    found = Discovery()
    finder = _Finder(config, found)
    for path in list(paths) or [config.root]:
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links: files keep their names
        if absolute.is_dir():
            finder.scan(absolute)
        elif absolute.is_file():
            finder.named_file(absolute)
        else:
            what = "is neither a file nor a directory" if absolute.exists() else "does not exist"
            raise PathError(f"{path} {what}")
    found.files = sorted(set(found.files))
    return found


class _Finder:
    def __init__(self, config: LintConfig, found: Discovery) -> None:
        self.config = config
        self.found = found

    def named_file(self, path: Path) -> None:
        if path.suffix in NOT_LINTED:
            self.found.skipped[path] = NOT_LINTED[path.suffix]
        elif self.is_excluded(path, is_directory=False):
            self.found.skipped[path] = "excluded by [tool.mog.lint] exclude"
        else:
            self.found.files.append(path)

    def scan(self, top: Path) -> None:
        """Walk a directory. Links to directories are not followed, so that no loop can be.

        Nor are links to files below it, which are found under their own name: one task is not two.
        """
        real_top = os.path.realpath(top)
        ignores = {top: _ignores_above(top)}
        for name, directories, files in os.walk(top):
            directory = Path(name)
            rules = _with_own(ignores.pop(directory), directory)
            kept = [child for child in sorted(directories) if self._enters(directory / child, rules)]
            directories[:] = kept
            ignores.update({directory / child: rules for child in kept})
            for file in files:
                if not _links_below(directory / file, real_top):
                    self._found_file(directory / file, rules)

    def _enters(self, directory: Path, rules: _Ignores) -> bool:
        if directory.name.startswith(".") or directory.name in EXCLUDED_DIRECTORIES:
            return False
        if (directory / "pyvenv.cfg").exists():
            return False
        return not rules.ignore(directory, is_directory=True) and not self.is_excluded(directory, is_directory=True)

    def _found_file(self, path: Path, rules: _Ignores) -> None:
        if path.suffix in NOT_LINTED:
            self.found.skipped[path] = NOT_LINTED[path.suffix]
        elif path.suffix == SUFFIX and _is_regular(path) and not rules.ignore(path, is_directory=False):
            if self.is_excluded(path, is_directory=False):
                self.found.skipped[path] = "excluded by [tool.mog.lint] exclude"
            else:
                self.found.files.append(path)

    @cached_property
    def _excluded(self) -> pathspec.GitIgnoreSpec | None:
        return _spec(self.config.exclude) if self.config.exclude else None

    def is_excluded(self, path: Path, *, is_directory: bool) -> bool:
        if self._excluded is None or self.config.root not in path.parents:
            return False
        return bool(self._excluded.match_file(_relative(path, self.config.root, is_directory=is_directory)))


@dataclass(frozen=True)
class _Ignores:
    """The .gitignore files in force, outermost first; the innermost that says something decides."""

    specs: tuple[tuple[Path, pathspec.GitIgnoreSpec], ...] = ()

    def ignore(self, path: Path, *, is_directory: bool) -> bool:
        for base, spec in reversed(self.specs):
            verdict = spec.check_file(_relative(path, base, is_directory=is_directory)).include
            if verdict is not None:
                return verdict
        return False


def _ignores_above(top: Path) -> _Ignores:
    """Collect the .gitignore files of the directories above `top`, up to that of the repository."""
    above: list[Path] = []
    for directory in (top, *top.parents):
        if (directory / ".git").exists():
            break
        above.append(directory.parent)
    else:
        return _Ignores()  # no repository: only what lies below counts
    rules = _Ignores()
    for directory in reversed(above):
        rules = _with_own(rules, directory)
    return rules


def _with_own(rules: _Ignores, directory: Path) -> _Ignores:
    file = directory / ".gitignore"
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError:  # there is none, or none that may be read
        return rules
    return _Ignores((*rules.specs, (directory, _spec(lines))))


def _spec(lines: Iterable[str]) -> pathspec.GitIgnoreSpec:
    import pathspec  # noqa: PLC0415 - takes 0.1 s, and a project without patterns needs none of it

    return pathspec.GitIgnoreSpec.from_lines(lines)


def _relative(path: Path, base: Path, *, is_directory: bool) -> str:
    return path.relative_to(base).as_posix() + ("/" if is_directory else "")


def _links_below(path: Path, real_top: str) -> bool:
    return path.is_symlink() and os.path.realpath(path).startswith(real_top + os.sep)


def _is_regular(path: Path) -> bool:
    """Say whether this is a file one can read: a pipe would block for ever, a dangling link is nothing."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
