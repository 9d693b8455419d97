"""What changes on disk: taken in together when it has been quiet for a moment, as a checkout changes many files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mog_lint.config import PYPROJECT

if TYPE_CHECKING:
    from mog_lint.server.server import MogServer


class Disk:
    """Changes that are yet to be taken in; `pause` is in seconds."""

    def __init__(self, server: MogServer, pause: float) -> None:
        self._server = server
        self._pause = pause
        self._changed: set[Path] = set()
        self._timer: asyncio.TimerHandle | None = None

    def changed(self, paths: Iterable[Path]) -> None:
        """Take in, after a pause, that these files have come, gone or changed."""
        self._changed.update(paths)
        if self._changed:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._begin)

    def _begin(self) -> None:
        self._timer = None
        changed, self._changed = self._changed, set()
        self._server.spawn(self._take_in(changed))

    async def _take_in(self, changed: set[Path]) -> None:
        for home in {path.parent for path in changed if path.name == PYPROJECT}:
            await self._server.indexing.reread(home)
        if any(path.name != PYPROJECT for path in changed):
            await self._server.worker.run(self._rescan)
        self._server.refresh()

    def _rescan(self, _: object) -> None:
        for project in self._server.projects:
            project.rescan()
