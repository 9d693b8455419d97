"""Remembers what was submitted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mog.engine.records import Record
from mog.request import Request
from mog.submission import Submitter

if TYPE_CHECKING:
    from mog.app import App
    from mog.context import Context
    from mog.testing.bench import Bench


class RecordingSubmitter(Submitter):
    """Submits as ever, and keeps in ``requests`` what was stored, in that order; children and ``def`` tasks' too."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self.requests: list[Request[Any]] = []
        self.bench: Bench | None = None
        """The bench that this app is on, once its worker runs."""

    async def submit(self, request: Request[Any], context: Context | None = None) -> Record:
        """See :meth:`Submitter.submit`."""
        record = await super().submit(request, context)
        self.requests.append(request)
        return record

    async def submit_many(self, requests: Iterable[Request[Any]], context: Context | None = None) -> list[Record]:
        """See :meth:`Submitter.submit_many`."""
        listed = list(requests)
        records = await super().submit_many(listed, context)
        self.requests += listed
        return records

    def submit_blocking(self, request: Request[Any]) -> Record:
        """See :meth:`Submitter.submit_blocking`."""
        record = super().submit_blocking(request)
        self.requests.append(request)
        return record

    def submit_many_blocking(self, requests: Iterable[Request[Any]]) -> list[Record]:
        """See :meth:`Submitter.submit_many_blocking`."""
        listed = list(requests)
        records = super().submit_many_blocking(listed)
        self.requests += listed
        return records
