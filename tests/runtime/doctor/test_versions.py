"""Which versions will do."""

import sqlite3

import pytest

from mog.doctor import Level, versions


@pytest.mark.parametrize(
    ("text", "has_it"),
    [
        ("3.6.23", False),
        ("3.7.0", True),
        ("3.40.1", True),
        ("3.44.5", True),
        ("3.44.6", False),
        ("3.45.0", True),
        ("3.50.6", True),
        ("3.50.7", False),
        ("3.51.2", True),
        ("3.51.3", False),
        ("3.53.0", False),
        ("4.0.0", False),
    ],
)
def test_which_sqlite_may_lose_a_commit(text: str, has_it: bool) -> None:
    assert versions.has_reset_bug(tuple(map(int, text.split(".")))) == has_it


@pytest.mark.parametrize(
    ("text", "level", "said"),
    [
        ("3.34.1", Level.FAIL, "is too old"),
        ("3.35.0", Level.OK, "if no other program writes"),
        ("3.51.3", Level.OK, "SQLite 3.51.3"),
    ],
)
def test_sqlite(text: str, level: Level, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version", text)
    monkeypatch.setattr(sqlite3, "sqlite_version_info", tuple(map(int, text.split("."))))
    finding = versions.sqlite()
    assert finding.level is level
    assert finding.text.endswith(said)
    assert (finding.remedy is None) == (level is Level.OK)


def test_python_and_mog() -> None:
    assert ", mogkit 0." in versions.python().text


def test_packages_that_are_there_and_one_that_is_not() -> None:
    there, missing = versions.packages("packages", "pydantic", "no-such-package")
    assert (there.level, there.text.partition(" ")[0]) == (Level.OK, "pydantic")
    assert (missing.level, missing.text) == (Level.FAIL, "no-such-package is not installed")
