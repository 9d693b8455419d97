"""Our positions are those of libcst's own provider, over files of the standard library."""

import sysconfig
from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

from mog_lint.model.positions import locate
from mog_lint.model.source import Source, Span, read_source

LIBRARY = Path(sysconfig.get_path("stdlib"))
# Small files that together hold every kind of node that a file can hold.
SAMPLE = ["asyncio/taskgroups.py", "bisect.py", "colorsys.py", "contextlib.py", "graphlib.py", "sched.py", "this.py"]
MODERN = """
match x:
    case [1, *rest] | {"a": 1, **more} if (yes): pass
    case A(b=1) as c: ...
async def f(a, /, b: int = 1, *c, d, **e) -> None:
    async with a as b, c: await (d)
    async for x in y: return [z async for z in w if v]
    else: pass
    try: raise a from b
    except* (A, B) as e: pass
    else: del a, (b)
    finally: global g; nonlocal_ = lambda: (yield)
@(decorated)
@decorated . again ( 1, * a, b = 2, ** c )
class C(B, metaclass=M): x: int = f"{a!r:>{w}}" "b"
while (a := b) and not c: a[1:2, ::3] @= -b ** c if d else {**e, 'f': {1}}
from . a import (b as c, d,)
from a import *
import a.b as c, d
assert a, b; x = a.b.c().d; print(*a, end='')
"""


def source_of(data: bytes) -> Source:
    source = read_source(data)
    assert isinstance(source, Source)
    return source


def assert_as_libcst(source: Source) -> None:
    tree = cst.parse_module(source.text)
    ranges = MetadataWrapper(tree, unsafe_skip_copy=True).resolve(PositionProvider)
    blocks = (cst.Module, cst.IndentedBlock)
    nodes = [node for node in ranges if not isinstance(node, (cst.Comment, *blocks))]
    places = locate(tree, source.text, nodes)
    for node in nodes:
        span, expected = places.of(node), ranges[node]
        start, end = source.location(span.start), source.location(span.end)
        assert (start.row, start.column - 1) == (expected.start.line, expected.start.column), node
        assert (end.row, end.column - 1) == (expected.end.line, expected.end.column), node
    comments = [ranges[node] for node in ranges if isinstance(node, cst.Comment)]
    assert [source.location(span.start).row for span in places.comments] == sorted(item.start.line for item in comments)


@pytest.mark.parametrize("name", SAMPLE)
def test_standard_library(name: str) -> None:
    assert_as_libcst(source_of((LIBRARY / name).read_bytes()))


def test_all_syntax() -> None:
    assert_as_libcst(source_of(MODERN.encode()))


def decorators(text: str) -> list[str]:
    tree = cst.parse_module(text)
    functions = [item for item in tree.body if isinstance(item, cst.FunctionDef)]
    nodes = [function.decorators[0].decorator for function in functions]
    places = locate(tree, text, nodes)
    return [text[places.of(node).start : places.of(node).end] for node in nodes]


@pytest.mark.parametrize(
    "before",
    ["\x0c\n", "x = 1 \x0c\n\x0c", "if 1:\n\x0c  pass\n", "'\x0c'\n", "x = 1\r\r\n", "# \x0c\n\x0c\x0c", "\ufeff"[:0]],
)
def test_what_libcst_does_not_keep_shifts_nothing(before: str) -> None:
    assert decorators(f"{before}@one\ndef f(): ...\n\x0c\n@two()\ndef g(): ...\n") == ["one", "two()"]


def test_deep_trees(subtests: pytest.Subtests) -> None:
    for before in ("if 0: pass\n" + "elif 0: pass\n" * 500, "x = " + " + ".join(["1"] * 500) + "\n"):
        with subtests.test(before=before[:20]):
            assert decorators(f"{before}@one\ndef f(): ...\n") == ["one"]


def test_comments() -> None:
    text = "# a\nx = [  # b\n  1, # c\n]\n'# d'\n# e"
    comments = locate(cst.parse_module(text), text).comments
    assert [text[span.start : span.end] for span in comments] == ["# a", "# b", "# c", "# e"]
    assert comments[0] == Span(0, 3)


def test_heads_leave_out_bodies() -> None:
    text = (
        "while (a := 1):  # x\n    pass\nasync def f():\n    async for b in (c): pass\n"
        "    try: pass\n    except (A, B)  as  d:\n        pass\n    except:\n        pass\n"
    )
    tree = cst.parse_module(text)
    while_, function = tree.body
    assert isinstance(function, cst.FunctionDef)
    loop, attempt = function.body.body
    assert isinstance(attempt, cst.Try)
    nodes = [while_, loop, *attempt.handlers, function.name]
    places = locate(tree, text, nodes)
    heads = [text[places.head(node).start : places.head(node).end] for node in nodes]
    assert heads == ["while (a := 1)", "async for b in (c)", "except (A, B)  as  d", "except", "f"]
