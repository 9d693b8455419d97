"""Places in a text as the protocol counts them, and files as it names them.

The linter counts characters; an editor counts units of UTF-8, UTF-16 or UTF-32, as was agreed when it connected. Lines
end at CR, LF and CRLF for both.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from mog_lint.findings import Location
from mog_lint.server.buffers import source_of

Encoding = types.PositionEncodingKind | str
_BEYOND_BMP = "\uffff"


class Text:
    """A text in which places are looked up; those that lie outside of it are moved to the nearest one inside."""

    def __init__(self, text: str, encoding: Encoding) -> None:
        self.text = text
        self.encoding = encoding
        self._source = source_of(text)

    @property
    def line_starts(self) -> list[int]:
        """The offsets at which the lines begin."""
        return self._source.line_starts

    def line(self, number: int) -> tuple[int, str]:
        """Return the offset of a line, counted from 0, and its text without its end."""
        number = min(max(number, 0), len(self.line_starts) - 1)
        return self.line_starts[number], self._source.line(number + 1)

    def position(self, offset: int) -> types.Position:
        """Return the editor's position of an offset."""
        offset = min(max(offset, 0), len(self.text))
        number = bisect_right(self.line_starts, offset) - 1
        return types.Position(number, _units(self.text[self.line_starts[number] : offset], self.encoding))

    def offset(self, position: types.Position) -> int:
        """Return the offset of an editor's position."""
        start, line = self.line(position.line)
        if position.line >= len(self.line_starts):
            return len(self.text)
        return start + _characters(line, position.character, self.encoding)

    def offset_at(self, location: Location) -> int:
        """Return the offset of a row and column, which count from 1."""
        start, line = self.line(location.row - 1)
        return start + min(location.column - 1, len(line))

    def range(self, start: int, end: int) -> types.Range:
        """Return the editor's range of two offsets."""
        return types.Range(self.position(start), self.position(end))

    def range_at(self, start: Location, end: Location) -> types.Range:
        """Return the editor's range of two places."""
        return self.range(self.offset_at(start), self.offset_at(end))


def _units(text: str, encoding: Encoding) -> int:
    if encoding == types.PositionEncodingKind.Utf32 or text.isascii():
        return len(text)
    if encoding == types.PositionEncodingKind.Utf8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(character > _BEYOND_BMP for character in text)


def _characters(line: str, units: int, encoding: Encoding) -> int:
    """Return how many characters of a line have so many units."""
    if encoding == types.PositionEncodingKind.Utf32 or line.isascii():
        return min(units, len(line))
    passed = 0
    for count, character in enumerate(line):
        if passed >= units:
            return count
        passed += _units(character, encoding)
    return len(line)


def path_of(uri: str, *, follow: bool = True) -> Path | None:
    """Return the file that a URI names, with no link on its way unless told not to `follow` them.

    None where it names something else than a file.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    path = unquote(parts.path)
    if parts.scheme != "file" or not path.startswith("/") or "\0" in path:
        return None
    return Path(os.path.realpath(path) if follow else os.path.normpath(path))
