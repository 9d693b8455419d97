"""Parsing never crashes."""

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import libcst as cst
import pytest

from mog_lint.model.parsing import parse
from mog_lint.model.source import Problem, Source, read_source
from mog_lint.model.stack import with_large_stack


def parsed(data: bytes) -> cst.Module | Problem:
    source = read_source(data)
    assert isinstance(source, Source)
    return parse(source, data)


def test_syntax_newer_than_this_python_is_parsed() -> None:
    assert isinstance(parsed(b'type A[T = int] = list[T]\nx = t"{a}"\n'), cst.Module)


def test_what_libcst_alone_refuses_is_told_as_such() -> None:
    problem = parsed(b"x = 1\n(pars): bool = True\n")
    assert isinstance(problem, Problem)
    assert problem.message == "valid Python, but libcst cannot parse it, so it is not linted"
    assert (problem.location.row, problem.location.column) == (2, 9)


def test_a_panic_of_libcst_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    def panic(_text: str) -> cst.Module:
        raise PanicException

    monkeypatch.setattr(cst, "parse_module", panic)
    assert isinstance(parsed(b"x = 1\n"), Problem)


def test_a_tree_that_libcst_finds_wrong_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(_node: cst.CSTNode) -> None:
        raise cst.CSTValidationError

    monkeypatch.setattr(cst.Name, "_validate", check)
    assert isinstance(parsed(b"x = 1\n"), Problem)


TRUST = """
import sys
from pathlib import Path
import libcst as cst
from mog_lint.model.parsing import trust_the_parser
texts = [path.read_text("utf-8") for path in map(Path, sys.argv[1:])]
checked = [cst.parse_module(text) for text in texts]
trust_the_parser()
cst.Name("no name")
for text, tree in zip(texts, checked, strict=True):
    assert cst.parse_module(text).deep_equals(tree)
print(len(texts))
"""


def test_trees_are_the_same_without_their_own_checks() -> None:
    library = sorted((Path(sysconfig.get_path("stdlib")) / "asyncio").glob("*.py"))
    run = [sys.executable, "-c", TRUST, *map(str, library)]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == f"{len(library)}\n"


def test_an_interrupt_is_no_panic(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_text: str) -> cst.Module:
        raise KeyboardInterrupt

    monkeypatch.setattr(cst, "parse_module", interrupt)
    with pytest.raises(KeyboardInterrupt):
        parsed(b"x = 1\n")


@pytest.mark.parametrize(
    "write",
    [
        lambda depth: "(" * depth + ")" * depth,
        lambda depth: "x = " + "[" * depth + "]" * depth,
        lambda depth: "x = " + "not " * depth + "a",
        lambda depth: "x = " + " and ".join(["a"] * depth),
        lambda depth: "x = " + " + ".join(["a"] * depth),
        lambda depth: "x = a" + ".b()" * depth,
        lambda depth: "x = " + "lambda: " * depth + "1",
        lambda depth: "if a: pass\n" + "elif a: pass\n" * depth,
        lambda depth: "x = " + "f'{" * depth + "1" + "}'" * depth,
    ],
)
@pytest.mark.parametrize("depth", [90, 1_000, 20_000])
def test_nesting_overflows_no_stack(write: Callable[[int], str], depth: int) -> None:
    # What is valid is parsed or refused; the test is that the process lives on. libcst takes the square of the length
    # of a chain of calls: seconds for 1,000. Of 20,000 CPython refuses most.
    assert with_large_stack(lambda: parsed(write(depth).encode())) is not None
