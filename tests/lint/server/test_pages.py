"""The pages of the rules as files."""

import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from mog_lint.explain import explain
from mog_lint.rules import find_rule
from mog_lint.server.pages import Pages


def test_a_page_is_written_once_and_gone_at_the_end() -> None:
    pages = Pages()
    uri = pages.uri(find_rule("MOG101"))
    assert uri is not None
    page = Path(unquote(urlsplit(uri).path))
    assert page.read_text("utf-8") == explain("MOG101")
    page.write_text("read")
    assert pages.uri(find_rule("MOG101")) == uri
    assert page.read_text() == "read"
    pages.close()
    assert not page.parent.exists()
    assert pages.uri(find_rule("MOG201")) is None
    pages.close()


def test_where_nothing_can_be_written_there_is_no_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert Pages().uri(find_rule("MOG101")) is None
