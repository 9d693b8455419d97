"""The editor: what it can do, how it counts, and how it calls files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types
from pygls.capabilities import get_capability

from mog_lint.server.places import Encoding, path_of


@dataclass
class Names:
    """Files as the editor calls them: by their open documents, or below the folders that it named."""

    documents: dict[Path, str] = field(default_factory=dict)
    folders: dict[Path, Path] = field(default_factory=dict)  # by where they really are, as they were named

    def add_folders(self, uris: Iterable[str]) -> None:
        """Note folders of the workspace."""
        for uri in uris:
            real = path_of(uri)
            named = None if real is None else path_of(uri, follow=False)
            if real is not None and named is not None:
                self.folders[real] = named

    def remove_folders(self, uris: Iterable[str]) -> None:
        """Forget folders of the workspace."""
        for uri in uris:
            real = path_of(uri)
            if real is not None:
                self.folders.pop(real, None)

    def uri(self, path: Path) -> str:
        """Return the address of a file."""
        if path in self.documents:
            return self.documents[path]
        for real, named in tuple(self.folders.items()):
            if real in path.parents:
                return (named / path.relative_to(real)).as_uri()
        return path.as_uri()


@dataclass(frozen=True)
class Client:
    """What an editor can do; the least until it has said more."""

    encoding: Encoding = types.PositionEncodingKind.Utf16
    pulls: bool = False
    refreshes: bool = False
    watches: bool = False
    has_progress: bool = False
    related: bool = False
    versioned_edits: bool = False
    shows_documents: bool = False
    markdown: bool = False
    names: Names = field(default_factory=Names)

    @classmethod
    def of(cls, told: types.ClientCapabilities, encoding: Encoding) -> Client:
        """Read what an editor says that it can do."""
        formats = get_capability(told, "text_document.hover.content_format") or ()
        return cls(
            encoding,
            pulls=told.text_document is not None and told.text_document.diagnostic is not None,
            refreshes=bool(get_capability(told, "workspace.diagnostics.refresh_support")),
            watches=bool(get_capability(told, "workspace.did_change_watched_files.dynamic_registration")),
            has_progress=bool(get_capability(told, "window.work_done_progress")),
            related=bool(get_capability(told, "text_document.publish_diagnostics.related_information")),
            versioned_edits=bool(get_capability(told, "workspace.workspace_edit.document_changes")),
            shows_documents=bool(get_capability(told, "window.show_document.support")),
            markdown=types.MarkupKind.Markdown in formats,
        )
