"""Output formats: each is one module of this package with a function `render`. A new format is a new file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from mog_lint.errors import UnknownFormatError, did_you_mean
from mog_lint.findings import Finding


@dataclass(frozen=True)
class Style:
    """How a report looks: paths are shown relative to `base`, `color` asks for ANSI colours where a format has some."""

    base: Path
    color: bool = False

    def path(self, filename: str) -> str:
        """Return a file's name as people write it from `base`."""
        path = Path(filename)
        return str(path.relative_to(self.base)) if self.base in path.parents else filename


class Render(Protocol):
    """Turns findings into pieces of text, to be written one after the other as they come."""

    def __call__(self, findings: Iterable[Finding], style: Style) -> Iterator[str]:
        """Yield the report; it ends with a line end unless it is empty."""
        ...


def format_names() -> tuple[str, ...]:
    """Return the names of all formats."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


def find_format(name: str) -> Render:
    """Return the format of this name. Raises UnknownFormatError with the nearest one known."""
    names = format_names()
    if name not in names:
        hint = did_you_mean(name, names) or f"; there are {', '.join(names)}"
        raise UnknownFormatError(f"no format is called {name!r}{hint}")
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    return cast("Render", module.render)
