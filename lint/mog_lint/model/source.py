"""A file's bytes as text: encoding (PEP 263), byte order mark and line ends are kept, for fixes to write them back.

Nothing here raises for content: what cannot be read becomes a `Problem`.
"""

from __future__ import annotations

import ast
import codecs
import hashlib
import io
import re
import tokenize
import warnings
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache

from mog_lint.findings import Location

LINE_END = re.compile(r"\r\n?|\n")


TOP = Location(1, 1)
TOO_DEEP = "nested too deeply to be parsed"


@dataclass(frozen=True)
class Problem:
    """Why a file cannot be linted, in words, and where."""

    message: str
    location: Location = TOP


@dataclass(frozen=True)
class Span:
    """The characters `start` to `end` (excluded) of a text."""

    start: int
    end: int


@dataclass(frozen=True)
class Source:
    """Decoded text without its byte order mark."""

    text: str
    encoding: str
    bom: bytes
    digest: str

    @cached_property
    def line_starts(self) -> list[int]:
        """Offsets at which the lines begin; only CR, LF and CRLF end a line, as in Python's tokeniser."""
        return [0, *(end.end() for end in LINE_END.finditer(self.text))]

    def location(self, offset: int) -> Location:
        """Return the row and column of an offset."""
        row = bisect_right(self.line_starts, offset)
        return Location(row, offset - self.line_starts[row - 1] + 1)

    def line(self, row: int) -> str:
        """Return one line without its end; rows count from 1."""
        start = self.line_starts[row - 1]
        end = self.line_starts[row] if row < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    @property
    def rows(self) -> int:
        """The number of lines; a text that ends in a line end has an empty last one."""
        return len(self.line_starts)

    def encode(self, text: str) -> bytes:
        """Return `text` as bytes of this file. Raises UnicodeEncodeError where its encoding lacks a character."""
        return self.bom + text.encode(self.encoding)


def digest(data: bytes) -> str:
    """Return the hash by which a file's content is known."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def read_source(data: bytes) -> Source | Problem:
    """Decode as Python does: a byte order mark or a coding comment, else UTF-8."""
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        encoding = "utf-8" if bom else encoding
        text = data[len(bom) :].decode(encoding)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        return Problem(f"not valid {error.encoding}: {error.reason} at byte {error.start}", Location(row, 1))
    except (SyntaxError, LookupError) as error:  # a declared encoding that is unknown, or not one of text
        return Problem(str(error))
    return Source(text, encoding, bom, digest(data))


def syntax_problem(data: bytes) -> Problem | None:
    """Return what CPython's own parser has to say against a file, or None.

    It runs before libcst's: it is ten times as fast, tells what is wrong in better words, and refuses the nesting
    that would overflow the stack of libcst's parser, which no one could catch.
    """
    tree = python_tree(data)
    return tree if isinstance(tree, Problem) else None


@lru_cache(maxsize=1)
def python_tree(data: bytes) -> ast.Module | Problem:
    """Return CPython's own tree of a file, or what is wrong with it; the last one is asked for again and remembered."""
    return parse_python(data)


def parse_python(code: str | bytes) -> ast.Module | Problem:
    """Return CPython's own tree, or what is wrong; bytes are decoded as they declare."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape is ruff's business
        try:
            return ast.parse(code, "<source>")
        except SyntaxError as error:
            # -1 and 0 stand for "unknown", which some messages of the tokeniser give.
            return Problem(error.msg, Location(max(error.lineno or 1, 1), max(error.offset or 1, 1)))
        except ValueError as error:  # a NUL byte, before Python 3.12
            return Problem(str(error))
        except (RecursionError, MemoryError):
            return Problem(TOO_DEEP)
