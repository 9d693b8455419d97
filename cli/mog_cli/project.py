"""The project around the current directory: where it begins, its `[tool.mog]`, where its modules lie."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mog_cli.errors import CommandError


@dataclass(frozen=True)
class Project:
    """A directory with a pyproject.toml, or else just the current directory; ``settings`` is its `[tool.mog]`."""

    root: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def source_roots(self) -> list[Path]:
        """Directories from which modules are imported: the current, `src` of `[tool.mog]` or src/, the project's."""
        named = self.settings.get("src", ["src"])
        if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
            raise CommandError(f'`src` in [tool.mog] is a list of directories such as ["src"], not {named!r}')
        candidates = [Path.cwd(), *(self.root / name for name in named), self.root]
        return [path for path in dict.fromkeys(candidates) if path.is_dir()]


def find_project() -> Project:
    """Find the nearest pyproject.toml at or above the current directory. Raises CommandError if it does not parse."""
    here = Path.cwd()
    for directory in (here, *here.parents):
        file = directory / "pyproject.toml"
        if not file.is_file():
            continue
        try:
            content = tomllib.loads(file.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} does not parse: {error}") from None
        return Project(directory, content.get("tool", {}).get("mog", {}))
    return Project(here)
