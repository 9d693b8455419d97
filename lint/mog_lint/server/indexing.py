"""The first look at a project, with its progress told to the editor, whose user may call it off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from lsprotocol import types

from mog_lint.server.worker import Cancelled, Wanted, settle

if TYPE_CHECKING:
    from mog_lint.server.server import MogServer

TITLE = "mog: reading the project"
WORTH_SETTLING = 100  # files; of fewer the collector is soon done
log = logging.getLogger("mog.lsp")
Find = Callable[[], Path | None]


class Indexing:
    """Opens projects; the last to call is the last to be served, and whoever asks about a file comes behind."""

    def __init__(self, server: MogServer) -> None:
        self._server = server
        self._running: dict[str, Wanted] = {}
        self._stops = 0

    async def resume(self) -> None:
        """Take up the projects that were stopped before this was called."""
        stops, projects = self._stops, self._server.projects
        if await self._server.worker.run(lambda _: self._stops == stops and projects.resume()):
            for document in tuple(self._server.documents.values()):
                await self.open(document.path)
            self._server.refresh()

    async def open(self, path: Path) -> None:
        """Look at the project of a file, if that has not been done."""
        projects = self._server.projects

        def find() -> Path | None:
            home = projects.home(path)
            return None if home is None or projects.is_known(home) else home

        await self._look(find)

    async def reread(self, home: Path) -> None:
        """Look at a project anew, because its configuration has changed."""

        def find() -> Path | None:
            self._server.projects.reread(home)
            return home

        await self._look(find)

    def call_off(self, token: types.ProgressToken) -> None:
        """Stop the look whose progress has this token."""
        wanted = self._running.get(str(token))
        if wanted is not None:
            self._stops += 1
            wanted.give_up()

    async def _look(self, find: Find) -> None:
        progress = Progress(self._server)
        token = progress.token

        def work(wanted: Wanted) -> None:
            self._running[token] = wanted
            home = find()
            if home is not None:
                self._index(home, wanted, progress)

        try:
            await self._server.worker.run(work)
        finally:
            self._running.pop(token, None)
            progress.end()
            await self._server.tell_config_problems()

    def _index(self, home: Path, wanted: Wanted, progress: Progress) -> None:
        """Do it, in the worker's thread."""

        def on_progress(done: int, total: int) -> None:
            wanted.check()
            progress.report(done, total)

        project = self._server.projects.at(home)
        try:
            if project is not None:
                project.analyse(on_progress=on_progress)
        except Cancelled:
            self._server.projects.stop(home)
            log.warning("%s is not read to its end: it will be when a file is opened or saved", home)
        finally:
            if project is not None:
                project.save()
                if len(project.session.files) >= WORTH_SETTLING:
                    settle()


class Progress:
    """One bar in the editor, which begins with the first report, if the editor has bars."""

    def __init__(self, server: MogServer) -> None:
        self.token = f"mog-{uuid4()}"
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._percent = -1
        self._creation: asyncio.Task[None] | None = None
        self._is_shown = False
        self._has_ended = False

    def report(self, done: int, total: int) -> None:
        """Tell how far the work is; from any thread."""
        percent = 100 * done // max(total, 1)
        if percent != self._percent and self._server.client.has_progress:
            self._percent = percent
            self._loop.call_soon_threadsafe(self._show, percent, f"{done} of {total} files")

    def end(self) -> None:
        """Take the bar away."""
        self._has_ended = True
        if self._is_shown:
            self._is_shown = False
            self._server.work_done_progress.end(self.token, types.WorkDoneProgressEnd())
            self._server.work_done_progress.tokens.pop(self.token, None)

    def _show(self, percent: int, message: str) -> None:
        if self._creation is None:
            self._creation = self._server.spawn(self._begin())
        elif self._is_shown:
            report = types.WorkDoneProgressReport(cancellable=True, message=message, percentage=percent)
            self._server.work_done_progress.report(self.token, report)

    async def _begin(self) -> None:
        await self._server.work_done_progress.create_async(self.token)
        if self._has_ended:
            self._server.work_done_progress.tokens.pop(self.token, None)
            return
        self._is_shown = True
        begin = types.WorkDoneProgressBegin(TITLE, cancellable=True, percentage=0)
        self._server.work_done_progress.begin(self.token, begin)
