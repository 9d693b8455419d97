"""Tells when the sources of a project change; watchfiles watches them, and is imported by this alone."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

from mog.errors import ConfigError

QUIET = 100
"""Milliseconds without a change after which a burst of them (an editor's save, a checkout) counts as over."""

PATIENCE = 1000
"""Milliseconds after which it counts as over in any case: something else may be writing all the time."""

SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})
"""Directories that hold no sources of the project, besides those whose names begin with a dot."""


class Sources:
    """The Python files and pyproject.toml below some directories."""

    def __init__(self, directories: Iterable[Path]) -> None:
        every = {directory.resolve() for directory in directories}
        self.roots = sorted(root for root in every if every.isdisjoint(root.parents))

    def __contains__(self, path: Path) -> bool:
        if path.suffix != ".py" and path.name != "pyproject.toml":
            return False
        root = next((root for root in self.roots if path.is_relative_to(root)), None)
        folders = () if root is None else path.relative_to(root).parts[:-1]
        return root is not None and not any(name.startswith(".") or name in SKIPPED for name in folders)

    async def changes(self) -> AsyncGenerator[tuple[str, ...], None]:
        """Yield the files that a burst of changes has touched; what changes between two steps is not lost.

        Raises ConfigError if the system does not let so many directories be watched.
        """
        import watchfiles  # noqa: PLC0415 - for those who reload alone

        logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it reports each change; so does who asks here
        watched = watchfiles.awatch(
            *self.roots, watch_filter=lambda _, path: Path(path) in self, debounce=PATIENCE, step=QUIET
        )
        try:
            async for found in watched:
                yield tuple(sorted(path for _, path in found))
        except OSError as error:
            raise ConfigError(f"cannot watch {', '.join(map(str, self.roots))} for changes: {error}") from error
