"""Which versions of what are here."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

from mog.doctor.findings import Finding, fail, ok

RETURNING_SINCE = (3, 35)
"""The first SQLite with UPDATE … RETURNING, by which tasks are claimed: https://www.sqlite.org/lang_returning.html"""

RESET_BUG = ((3, 7, 0), (3, 51, 3))
RESET_BUG_MENDED = {(3, 44): 6, (3, 50): 7}
"""From and below which version SQLite may lose a commit that meets a checkpoint, and the later releases of older lines
in which it does not: https://www.sqlite.org/changes.html, 3.51.3"""


def python() -> Finding:
    """Tell Python and mog."""
    return ok("python", f"{platform.python_implementation()} {platform.python_version()}, mogkit {version('mogkit')}")


def sqlite() -> Finding:
    """Tell SQLite, the library that this Python is linked with."""
    numbers, text = sqlite3.sqlite_version_info, f"SQLite {sqlite3.sqlite_version}"
    if numbers < RETURNING_SINCE:
        least = ".".join(map(str, RETURNING_SINCE))
        return fail("sqlite", f"{text} is too old", f"use a Python with SQLite {least} or later")
    if has_reset_bug(numbers):
        text += ", which may lose a commit that meets a checkpoint: mog's lock prevents it, if no other program writes"
    return ok("sqlite", text)


def has_reset_bug(numbers: Sequence[int]) -> bool:
    """Tell whether a version of SQLite has the bug of RESET_BUG."""
    first, mended = RESET_BUG
    line, patch = (numbers[0], numbers[1]), numbers[2]
    return first <= tuple(numbers[:3]) < mended and patch < RESET_BUG_MENDED.get(line, patch + 1)


def packages(subject: str, *names: str) -> Iterator[Finding]:
    """Tell the versions of packages that an engine needs."""
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if found:
        yield ok(subject, ", ".join(found))
    if missing:
        yield fail(subject, f"{', '.join(missing)} is not installed", "install what mogkit needs: pip install mogkit")
