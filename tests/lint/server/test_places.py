"""Places as the protocol counts them."""

from pathlib import Path

import pytest
from lsprotocol import types

from mog_lint.findings import Location
from mog_lint.server.places import Text, path_of

UTF8, UTF16, UTF32 = types.PositionEncodingKind.Utf8, types.PositionEncodingKind.Utf16, types.PositionEncodingKind.Utf32
MIXED = "aé€𝄞z"


@pytest.mark.parametrize(
    ("encoding", "columns"), [(UTF8, [0, 1, 3, 6, 10, 11]), (UTF16, [0, 1, 2, 3, 5, 6]), (UTF32, [0, 1, 2, 3, 4, 5])]
)
def test_columns_count_units(encoding: types.PositionEncodingKind, columns: list[int]) -> None:
    text = Text(f"x\n{MIXED}\n", encoding)
    assert [text.position(2 + offset).character for offset in range(6)] == columns
    assert [text.offset(types.Position(1, column)) for column in columns] == list(range(2, 8))


def test_a_place_inside_a_character_is_behind_it() -> None:
    assert Text("𝄞z", UTF16).offset(types.Position(0, 1)) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_python_has_it(end: str) -> None:
    text = Text(f"a\x0cb{end}c\u2028d{end}", UTF16)
    assert text.position(text.text.index("d")) == types.Position(1, 2)
    assert text.offset(types.Position(1, 2)) == text.text.index("d")
    assert text.line(0) == (0, "a\x0cb")


def test_places_outside_are_moved_inside() -> None:
    text = Text("ab\ncd", UTF16)
    assert text.offset(types.Position(0, 99)) == 2
    assert text.offset(types.Position(99, 0)) == 5
    assert text.position(99) == types.Position(1, 2)
    assert text.offset_at(Location(9, 9)) == 5
    assert Text("", UTF16).range(0, 7) == types.Range(types.Position(0, 0), types.Position(0, 0))


@pytest.mark.parametrize("name", ["plain.py", "with space.py", "ü#?;%41.py"])
def test_a_file_is_found_by_its_address(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert path_of(path.as_uri()) == path


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "git:/a/b.py", "file:relative", "file:///a%00b", "http://[", ""]
)
def test_what_is_no_file_has_no_path(uri: str) -> None:
    assert path_of(uri) is None


def test_links_are_followed_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    uri = (tmp_path / "link" / "a.py").as_uri()
    assert path_of(uri) == tmp_path / "real" / "a.py"
    assert path_of(uri, follow=False) == tmp_path / "link" / "a.py"
