"""A text that is typed in is parsed where it was changed, and what comes of it is the same."""

import random
from pathlib import Path

import libcst as cst
import pytest

import mog_lint
from mog_lint.analysis import Analyst, Parsed, analyse
from mog_lint.model.pieces import PiecedModule
from mog_lint.model.positions import locate
from mog_lint.model.source import Problem, syntax_problem
from mog_lint.model.walking import parts

SOURCES = sorted(Path(mog_lint.__file__).parent.rglob("*.py"))
TEXT = '''\
"""Module."""
# a comment
import time; import os

@first
@second(
    1
)
async def load(path):  # mog: ignore[MOG201] why
    time.sleep(1)
    # at the end of the body

    # further out
x = (1,
     2); y = """
z
"""
if x:
  two = 1
else:
  two = 2
class A:
\tdef f(self): ...
# last
'''
LONG = "class Long(\n    Base,\n):\n    # first\n" + "".join(
    f"    @decorated\n    async def f{number}(self):  # {number}\n        await call({number})\n\n"
    for number in range(12)
)


def parsed(outcome: Parsed | Problem) -> Parsed:
    assert isinstance(outcome, Parsed)
    return outcome


def assert_same(pieced: Parsed, text: str) -> None:
    """Assert that it is as if the text had been parsed as a whole."""
    whole = parsed(analyse(text.encode()))
    assert pieced.summary == whole.summary
    assert len(pieced.nodes) == len(whole.nodes)
    every = [[*item.nodes, *_all(item.tree)] for item in (pieced, whole)]
    one, other = (locate(item.tree, text, nodes) for item, nodes in zip((pieced, whole), every, strict=True))
    assert [one.of(node) for node in every[0]] == [other.of(node) for node in every[1]]
    assert [one.head(node) for node in pieced.nodes] == [other.head(node) for node in whole.nodes]
    if whole.tree.code == text:  # libcst drops some comments at a file's end that are indented further than its code
        assert one.comments == other.comments
    some = pieced.nodes[::3]
    assert [locate(pieced.tree, text, some).of(node) for node in some] == [one.of(node) for node in some]


def _all(tree: cst.Module) -> list[cst.CSTNode]:
    """Return the nodes of all expressions and statements."""
    found: list[cst.CSTNode] = []
    pending: list[cst.CSTNode] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, cst.BaseExpression | cst.BaseStatement | cst.BaseSmallStatement):
            found.append(node)
        pending += parts(node)
    return found


def versions(text: str, draw: random.Random, count: int) -> list[str]:
    """Return texts of which each is the last one that was Python with a few lines changed."""
    found = []
    for _ in range(count):
        lines = text.splitlines(keepends=True)
        at = draw.randrange(len(lines) + 1)
        match draw.randrange(4):
            case 0:
                lines[at:at] = [
                    draw.choice(["x = 1\n", "    y = call(2)\n", "# note\n", "\n", "else:\n", "'''\n", "(\n"])
                ]
            case 1:
                del lines[at : at + draw.randrange(3)]
            case 2:
                lines[at:at] = lines[at : at + 3]
            case _:
                lines.append(draw.choice(["z = 3", "  # end\n", "\n", "def f():\n    return load(1)\n"]))
        found.append("".join(lines))
        if syntax_problem(found[-1].encode()) is None:
            text = found[-1]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_typing_gives_the_same_as_parsing_all(seed: int) -> None:
    draw = random.Random(seed)
    texts = [TEXT, LONG + TEXT, *(draw.choice(SOURCES).read_text("utf-8") for _ in range(2))]
    pieced = 0
    for text in texts:
        analyst = Analyst()
        analyst.analyse(text.encode())
        for version in versions(text, draw, 20):
            outcome = analyst.analyse(version.encode())
            if isinstance(outcome, Problem):
                assert outcome == analyse(version.encode())
            else:
                assert_same(outcome, version)
                pieced += isinstance(outcome.tree, PiecedModule)
    assert pieced > 30


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_mark_in_front_are_no_hindrance(end: str) -> None:
    analyst = Analyst()
    text = TEXT.replace("\n", end)
    for version in (text, text + f"a = 1{end}", text + "b = 2"):
        outcome = parsed(analyst.analyse(b"\xef\xbb\xbf" + version.encode()))
        assert_same(outcome, version)
    assert isinstance(outcome.tree, PiecedModule) is (end != "\r")  # libcst drops such an end after the last statement


def test_what_has_not_changed_keeps_its_tree() -> None:
    analyst = Analyst()
    analyst.analyse(TEXT.encode())
    first = parsed(analyst.analyse((TEXT + "a = 1\n").encode())).tree
    second = parsed(analyst.analyse((TEXT + "a = 2\n").encode())).tree
    assert [one is other for one, other in zip(first.body, second.body, strict=True)] == [True] * 6 + [False]


def test_statements_that_are_alike_are_told_apart() -> None:
    text = TEXT + "call(1)\n" * 3
    analyst = Analyst()
    for version in (text, text + "a = 1\n", text + "call(1)\n"):
        outcome = parsed(analyst.analyse(version.encode()))
        assert_same(outcome, version)
    assert len({id(statement) for statement in outcome.tree.body}) == len(outcome.tree.body)


@pytest.mark.parametrize("text", ["", "\n", "# a comment alone\n", "x = 1\x0c\ny = 2\n", "x = 1 \\\n\ny = 2\n"])
def test_what_cannot_be_cut_is_parsed_as_a_whole(text: str) -> None:
    analyst = Analyst()
    for version in (text, text + "\n", text + "\n\n"):
        assert_same(parsed(analyst.analyse(version.encode())), version)


def test_another_text_is_parsed_as_a_whole() -> None:
    analyst = Analyst()
    analyst.analyse(TEXT.encode())
    assert not isinstance(parsed(analyst.analyse(SOURCES[-1].read_bytes())).tree, PiecedModule)
    assert analyst.analyse(SOURCES[-1].read_bytes()) is analyst.analyse(SOURCES[-1].read_bytes())


def test_a_text_that_is_no_python_in_between_costs_nothing() -> None:
    analyst = Analyst()
    analyst.analyse(TEXT.encode())
    assert isinstance(analyst.analyse((TEXT + "(").encode()), Problem)
    assert isinstance(parsed(analyst.analyse((TEXT + "()").encode())).tree, PiecedModule)


def test_depth_is_no_crash() -> None:
    analyst = Analyst()
    deep = TEXT + "a = " + "-" * 900 + "1\n"
    analyst.analyse(deep.encode())
    outcome, whole = analyst.analyse((deep + "b = 1\n").encode()), analyse((deep + "b = 1\n").encode())
    assert type(outcome) is type(whole)


def test_of_a_long_class_what_has_not_changed_keeps_its_tree() -> None:
    analyst = Analyst()
    analyst.analyse(LONG.encode())
    first = parsed(analyst.analyse((LONG + "    x = 1\n").encode())).tree
    second = parsed(analyst.analyse((LONG + "    x = 2\n").encode())).tree
    one, other = (tree.body[0].body.body for tree in (first, second) if isinstance(tree.body[0], cst.ClassDef))
    assert [item is same for item, same in zip(one, other, strict=True)] == [True] * 12 + [False]
    assert_same(parsed(analyst.analyse((LONG + "    x = 2\n").encode())), LONG + "    x = 2\n")


@pytest.mark.parametrize("head", ["class A: x = 1; y = (", "class A(\n  B): x = (", "class A:\n  x = ("])
def test_a_class_that_is_not_a_block_is_one_piece_or_none(head: str) -> None:
    text = TEXT + head + "\n" * 40 + ")\n"
    analyst = Analyst()
    for version in (text, text + "a = 1\n", text + "a = 2\n"):
        assert_same(parsed(analyst.analyse(version.encode())), version)
