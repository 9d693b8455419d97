"""The statements of a text that is typed in are those of the text as it stands, though most are not read again."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lint.model.test_pieces import LONG, SOURCES, TEXT, versions

from mog_lint.model import outline as module
from mog_lint.model.outline import Outliner
from mog_lint.model.source import Problem, Source, read_source, syntax_problem

LINES = (
    "x = 1\n",
    "  y = 2\n",
    "if x:\n",
    "else:\n",
    "@f\n",
    "def f(): ...\n",
    "# note\n",
    "\n",
    "(\n",
    ")\n",
    "'''\n",
)
MORE_LINES = ("x = 1 \\\n", "class A:\n", "\x0c\n", "a; b\n", "; c\n", "\\\n", "x = 1\r", "x = 2\r\n", "end")


def outlined(outliner: Outliner, text: str) -> object:
    source = read_source(text.encode())
    assert isinstance(source, Source)
    return outliner.outline(source, text.encode())


def assert_same(outliner: Outliner, text: str) -> None:
    assert outlined(outliner, text) == outlined(Outliner(), text)


@pytest.mark.parametrize("seed", range(4))
def test_typing_gives_the_same_as_reading_all(seed: int) -> None:
    draw = random.Random(seed)
    for text in (TEXT, LONG + TEXT, *(draw.choice(SOURCES).read_text("utf-8") for _ in range(2))):
        outliner = Outliner()
        for version in (text, *versions(text, draw, 40)):
            assert_same(outliner, version)


@given(st.lists(st.lists(st.sampled_from(LINES + MORE_LINES), max_size=9).map("".join), min_size=2, max_size=6))
def test_any_text_behind_any_other_gives_the_same(texts: list[str]) -> None:
    outliner = Outliner()
    for text in texts:
        assert_same(outliner, text)


@given(st.data())
def test_lines_that_come_and_go_give_the_same(data: st.DataObject) -> None:
    outliner, lines = Outliner(), data.draw(st.lists(st.sampled_from(LINES), max_size=25))
    for _ in range(8):
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, len(lines)))
            lines[at : at + data.draw(st.integers(0, 2))] = data.draw(st.lists(st.sampled_from(LINES), max_size=2))
        assert_same(outliner, "".join(lines))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is read anew."""
    codes: list[str] = []
    parse = module.parse_python

    def noting(code: str) -> object:
        codes.append(code)
        return parse(code)

    monkeypatch.setattr(module, "parse_python", noting)
    return codes


def test_what_is_far_from_a_change_is_not_read_again(read: list[str]) -> None:
    texts = [f"def f{number}():\n    return {number}\n" for number in range(100)]
    outliner = Outliner()
    outlined(outliner, "".join(texts))
    texts[50] = "def f50():\n    return 'changed'\n"
    assert_same(outliner, "".join(texts))
    assert read == ["".join(texts[49:52])]


def test_what_is_between_changes_is_not_read_again(read: list[str]) -> None:
    texts = [f"def f{number}():\n    return {number}\n" for number in range(100)]
    outliner = Outliner()
    outlined(outliner, "".join(texts))
    texts.insert(80, "inserted = 1\n")
    del texts[40:45]
    texts[20] = "changed = 1\n"
    assert_same(outliner, "".join(texts))
    assert read == ["".join(texts[first:end]) for first, end in ((19, 22), (39, 41), (74, 77))]


def test_the_same_text_is_not_looked_at_twice() -> None:
    outliner = Outliner()
    assert outlined(outliner, TEXT) is outlined(outliner, TEXT)


def test_what_is_wrong_is_told_as_of_the_whole_text() -> None:
    outliner = Outliner()
    outlined(outliner, TEXT)
    broken = TEXT + "\nx = (\n"
    assert outlined(outliner, broken) == syntax_problem(broken.encode())
    assert isinstance(outlined(outliner, broken), Problem)
    assert_same(outliner, TEXT + "x = 1\n")
