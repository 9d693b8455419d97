"""All projects that the editor has open, and to which of them a file belongs.

A file belongs to the project of the nearest pyproject.toml above it. One that has none is looked at with those beside
it, if it lies in a folder of the workspace, or if no folder is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from mog_lint.config import PYPROJECT, LintConfig, find_pyproject, read_config
from mog_lint.errors import ConfigError
from mog_lint.server.configs import ConfigProblem, problem_of
from mog_lint.server.project import Project


class Projects:
    """Projects by their directories; they are used in the worker's thread alone."""

    def __init__(self, jobs: int = 1) -> None:
        self.jobs = jobs
        self.folders: set[Path] = set()
        self.problems: dict[Path, ConfigProblem] = {}
        self._known: dict[Path, Project] = {}
        self._homes: dict[Path, Path | None] = {}
        self._stopped: set[Path] = set()  # of which the first look was called off

    def __iter__(self) -> Iterator[Project]:
        return iter(tuple(self._known.values()))

    def home(self, path: Path) -> Path | None:
        """Return the directory of the project that a file belongs to, or None if it belongs to none."""
        directory = path.parent
        if directory not in self._homes:
            self._homes[directory] = self._find_home(path)
        return self._homes[directory]

    def of(self, path: Path) -> Project | None:
        """Return the project of a file; None where there is none, or none whose configuration can be read."""
        home = self.home(path)
        return None if home is None else self.at(home)

    def at(self, home: Path) -> Project | None:
        """Return the project of a directory, opening it where that has not been done."""
        if not self.is_known(home):
            self._open(home)
        return self._known.get(home)

    def known(self, path: Path) -> Project | None:
        """Return the project of a file if it is open."""
        home = self.home(path)
        return None if home is None else self._known.get(home)

    def is_known(self, home: Path) -> bool:
        """Say whether the project of a directory has been opened, or cannot or shall not be."""
        return home in self._known or home in self.problems or home in self._stopped

    def stop(self, home: Path) -> None:
        """Leave a project alone, because its first look was called off."""
        self._known.pop(home, None)
        self._stopped.add(home)

    def resume(self) -> bool:
        """Take up the projects that were stopped, and say whether there are any."""
        stopped, self._stopped = self._stopped, set()
        return bool(stopped)

    def reread(self, home: Path) -> None:
        """Read a project's configuration anew; while it cannot be understood, the project stays as it was."""
        self._homes.clear()
        self.problems.pop(home, None)
        self._stopped.discard(home)
        before = self._known.get(home)
        if before is None:
            return
        if self.home(home / PYPROJECT) != home:
            del self._known[home]
        else:
            self._open(home)
        after = self._known.get(home)
        if after is not before and after is not None:
            for path, buffer in before.buffers.items():
                after.show(path, buffer.text)

    def keep(self, homes: Iterable[Path]) -> None:
        """Forget the projects that nobody looks at any more."""
        wanted = set(homes)
        for home in self._known.keys() - wanted:
            del self._known[home]
        for home in self.problems.keys() - wanted:
            del self.problems[home]

    def forget_homes(self) -> None:
        """Look anew to which project files belong, because folders or projects have come or gone."""
        self._homes.clear()

    def _open(self, home: Path) -> None:
        file = home / PYPROJECT
        try:
            config = read_config(file) if file.is_file() else LintConfig(root=home)
            self._known[home] = Project(config, self.jobs)
        except ConfigError as error:
            self.problems[home] = problem_of(file, error)

    def _find_home(self, path: Path) -> Path | None:
        file = find_pyproject(path.parent)
        if file is not None:
            return file.parent
        is_inside = any(folder in path.parents for folder in self.folders)
        return path.parent if is_inside or not self.folders else None
