"""Diagnostics for editors that do not ask for them: sent when the user stops typing for a moment.

What was changed comes first, then the other open documents, which it may concern. What has been changed again
meanwhile is left to the next turn.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from mog_lint.server.server import MogServer


log = logging.getLogger("mog.lsp")


class Pushing:
    """The turns in which diagnostics are sent; `pause` is in seconds."""

    def __init__(self, server: MogServer, pause: float) -> None:
        self._server = server
        self._pause = pause
        self._waiting: dict[str, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._turn = 0
        self._sent: dict[str, tuple[int | None, list[types.Diagnostic]]] = {}

    def changed(self, uri: str) -> None:
        """Send the diagnostics of a document, and of those that it may concern, when there has been a pause."""
        self._waiting[uri] = None
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._begin)

    def all(self) -> None:
        """Send the diagnostics of all open documents."""
        self._begin()

    def closed(self, uri: str) -> None:
        """Take the diagnostics of a document away."""
        self._waiting.pop(uri, None)
        if self._sent.pop(uri, (None, []))[1]:
            self._publish(uri, None, [])

    def _begin(self) -> None:
        self._timer = None
        self._turn += 1
        self._server.spawn(self._send(self._turn))

    async def _send(self, turn: int) -> None:
        changed, self._waiting = list(self._waiting), {}
        others = [uri for uri in self._server.documents if uri not in changed]
        for number, uri in enumerate([*changed, *others]):
            if turn == self._turn or number < len(changed):
                try:
                    await self._send_one(uri)
                except Exception:
                    log.exception("a fault of mog")  # in one document, of which what was shown stays

    async def _send_one(self, uri: str) -> None:
        document = self._server.documents.get(uri)
        if document is None:
            return
        found = await self._server.diagnostics_of(uri)
        if self._server.documents.get(uri) is document and self._sent.get(uri) != (document.version, found):
            self._sent[uri] = (document.version, found)
            self._publish(document.uri, document.version, found)

    def _publish(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))
