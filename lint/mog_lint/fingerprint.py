"""What the linter's notes depend on besides the sources that it reads: itself."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path


def fingerprint() -> str:
    """Return a hash of Python, libcst and this package's code, as far as sizes and times of files tell of it."""
    parts = [sys.version]
    for file in _code():
        status = file.stat()
        parts.append(f"{file.name} {status.st_size} {status.st_mtime_ns}")
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _code() -> Iterator[Path]:
    here = Path(__file__).parent
    yield from sorted(here.rglob("*.py"))
    yield here / "blocking_calls.txt"
    libcst = importlib.util.find_spec("libcst")
    if libcst is not None and libcst.origin is not None:
        yield Path(libcst.origin)
