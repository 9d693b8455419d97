"""One look at an open document: what a question of the editor is answered from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lsprotocol import types

from mog_lint.findings import Finding, Related
from mog_lint.model.source import Span
from mog_lint.server.client import Client
from mog_lint.server.places import Text
from mog_lint.server.project import Project
from mog_lint.server.tasks import Catalogue, Place


@dataclass(frozen=True)
class Document:
    """A text that the editor holds, as it was when something was asked."""

    uri: str
    path: Path
    version: int | None
    content: str


@dataclass(frozen=True)
class Look:
    """A document, its project, and the editor that asks."""

    project: Project
    document: Document
    client: Client
    _texts: dict[Path, Text] = field(default_factory=dict)

    @cached_property
    def text(self) -> Text:
        """The document's text."""
        return Text(self.document.content, self.client.encoding)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The tasks of the project."""
        return Catalogue.of(self.project)

    def findings_at(self, first: int, last: int) -> Iterator[tuple[Finding, Span]]:
        """Yield the document's findings that touch its characters from `first` to `last`, each with its own."""
        for finding in self.project.findings(self.document.path):
            span = Span(self.text.offset_at(finding.location), self.text.offset_at(finding.end_location))
            if span.start <= last and first <= span.end:
                yield finding, span

    def text_of(self, path: Path) -> Text:
        """Return the text of any file of the project."""
        if path == self.document.path:
            return self.text
        if path not in self._texts:
            self._texts[path] = Text(self.project.text(path), self.client.encoding)
        return self._texts[path]

    def location(self, place: Place) -> types.Location:
        """Return a place as the editor names it."""
        text = self.text_of(place.path)
        return types.Location(self.client.names.uri(place.path), text.range(place.span.start, place.span.end))

    def related_location(self, related: Related) -> types.Location:
        """Return the place of a finding's related site as the editor names it."""
        path = Path(related.filename)
        return types.Location(
            self.client.names.uri(path), self.text_of(path).range_at(related.location, related.end_location)
        )

    def markup(self, text: str) -> types.MarkupContent:
        """Return Markdown as the editor takes it."""
        kind = types.MarkupKind.Markdown if self.client.markdown else types.MarkupKind.PlainText
        return types.MarkupContent(kind, text)
