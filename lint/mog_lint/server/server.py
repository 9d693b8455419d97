"""The server: the open documents, the projects that they belong to, and what the editor is told of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from mog_lint.server.actions import SELECT
from mog_lint.server.client import Client
from mog_lint.server.configs import ConfigProblem
from mog_lint.server.diagnostics import config_diagnostic, diagnostics
from mog_lint.server.disk import Disk
from mog_lint.server.features import FEATURES
from mog_lint.server.indexing import Indexing
from mog_lint.server.look import Document, Look
from mog_lint.server.pages import Pages
from mog_lint.server.places import path_of
from mog_lint.server.projects import Projects
from mog_lint.server.protocol import Protocol
from mog_lint.server.pushing import Pushing
from mog_lint.server.worker import Cancelled, Wanted, Worker

T = TypeVar("T")
Check = Callable[[], None]
PAUSE = 0.1  # seconds without a keystroke after which a text is linted, where the editor does not ask by itself
log = logging.getLogger("mog.lsp")


class MogServer(LanguageServer):
    """One editor's server. `jobs` processes share the first look at a project; `pause` is in seconds."""

    def __init__(self, version: str, *, jobs: int = 1, pause: float = PAUSE) -> None:
        super().__init__("mog", version, types.TextDocumentSyncKind.Full, protocol_cls=Protocol)
        self.documents: dict[str, Document] = {}
        self.client = Client()
        self.projects = Projects(jobs)
        self.worker = Worker()
        self.pages = Pages()
        self.indexing = Indexing(self)
        self.pushing = Pushing(self, pause)
        self.disk = Disk(self, pause)
        self.was_asked_to_end = False
        self._reported: dict[Path, ConfigProblem] = {}
        self._spawned: set[asyncio.Task[Any]] = set()
        for method, handler, options in FEATURES:
            self.feature(method, options)(handler)
        self.command(SELECT)(select)

    def close(self) -> None:
        """End what is under way."""
        self.worker.close()
        self.pages.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside the conversation; what goes wrong there is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._spawned.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._spawned.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Cancelled):
            log.error("a fault of mog", exc_info=error)

    def report_server_error(self, error: Exception, _source: object) -> None:
        """Tell the log alone: a message that cannot be understood is no reason to interrupt the user."""
        log.warning("%s", error)

    # Documents

    def keep(self, uri: str) -> Document | None:
        """Take in an open document as it is now, and return it; None where it is no file."""
        path = path_of(uri)
        if path is None:
            return None
        told = self.workspace.get_text_document(uri)
        document = Document(uri, path, told.version, told.source)
        self.documents[uri] = document
        self.client.names.documents[path] = uri
        return document

    def drop(self, uri: str) -> Document | None:
        """Forget a document that was closed, and return it."""
        document = self.documents.pop(uri, None)
        if document is not None:
            self.client.names.documents.pop(document.path, None)
        return document

    async def ask(self, uri: str, answer: Callable[[Look, Check], T], default: T) -> T:
        """Return the answer to a question about an open document, the default where it is in no project."""
        document = self.documents.get(uri)
        if document is None:
            return default

        def work(wanted: Wanted) -> T:
            look = self._look(document)
            return default if look is None else answer(look, wanted.check)

        return await self.worker.run(work)

    async def show(self, uri: str) -> None:
        """Have the project know of an open document's present text, as questions about others may concern it."""
        await self.ask(uri, lambda *_: None, None)

    def _look(self, document: Document) -> Look | None:
        project = self.projects.of(document.path)
        if project is None or not project.holds(document.path):
            return None
        project.show(document.path, document.content)
        return Look(project, document, self.client)

    # Diagnostics

    async def diagnostics_of(self, uri: str) -> list[types.Diagnostic]:
        """Return the diagnostics of an open document."""

        def answer(look: Look, _: Check) -> list[types.Diagnostic]:
            return diagnostics(look.project.findings(look.document.path), look, self.pages)

        return await self.ask(uri, answer, [])

    def refresh(self) -> None:
        """Have the editor show all diagnostics anew, because something else than a document has changed."""
        if not self.client.pulls:
            self.pushing.all()
        elif self.client.refreshes:
            self.workspace_diagnostic_refresh(None)

    async def tell_config_problems(self) -> None:
        """Show what is wrong with configurations, and take away what is no more."""
        problems = await self.worker.run(
            lambda _: {problem.file: problem for problem in self.projects.problems.values()}
        )
        for file, problem in problems.items():
            if self._reported.get(file) != problem:
                self._publish_config(file, [config_diagnostic(problem, self.client.encoding)])
                log.warning("%s: %s", file, problem.message)
        for file in self._reported.keys() - problems.keys():
            self._publish_config(file, [])
        self._reported = problems

    def _publish_config(self, file: Path, found: list[types.Diagnostic]) -> None:
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(self.client.names.uri(file), found))


def select(ls: MogServer, uri: str, place: types.Range) -> None:
    """Select a place in the editor, for its user to type over it."""
    ls.window_show_document(types.ShowDocumentParams(uri, take_focus=True, selection=place))
