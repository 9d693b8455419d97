"""No Python that a generator comes up with crashes the linter; what it underlines is where CPython sees it.

hypothesmith makes programs from Python's grammar and from libcst's nodes. They stand as they are, and as the body of a
task, where the rules have more to say.
"""

import ast
import re
import textwrap
import warnings
from pathlib import Path

import hypothesmith
import libcst as cst
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mog_lint.analysis import Parsed, analyse
from mog_lint.config import LintConfig
from mog_lint.engine import lint_source
from mog_lint.fixes import MAX_ROUNDS, apply_fixes
from mog_lint.model.parsing import NOT_LINTED
from mog_lint.model.positions import locate
from mog_lint.model.source import python_tree, syntax_problem

NOWHERE = LintConfig(root=Path("/nowhere"))
FILE = Path("/nowhere/shop/tasks.py")
HEAD = """\
import asyncio, requests
from time import sleep
from mog import App, Context, Pause, task
app = App("shop")
def helper(*a, **k):
    requests.get(*a, **k)
"""
WITHIN = [
    "@task\nasync def work(context, *a):\n{}",
    "@app.task()\ndef work(context: Context):\n{}",
    "async def work(context):\n while context:\n{}",
]
# The generator is fond of short names.
MEANINGS = {"A": "sleep", "B": "helper", "C": "context", "D": "open", "E": "Pause", "F": "asyncio", "G": "requests"}

few = settings(max_examples=30, suppress_health_check=list(HealthCheck))
programs = st.one_of(hypothesmith.from_grammar(), hypothesmith.from_node())
statements = st.one_of(
    hypothesmith.from_node(node=cst.SimpleStatementLine),
    hypothesmith.from_node(node=cst.If),
    hypothesmith.from_node(node=cst.For),
)


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """A task or coroutine around generated statements."""
    indent = "  "
    telling = re.sub(r"\b[A-G]\b", lambda name: MEANINGS[name.group()], draw(statements))
    body = textwrap.indent(telling, indent, lambda _line: True)
    return HEAD + draw(st.sampled_from(WITHIN)).format(body or f"{indent}pass")


@pytest.mark.timeout(300)
@few
@given(programs)
def test_programs(source: str) -> None:
    check(source)


@pytest.mark.timeout(300)
@few
@given(bodies())
def test_bodies_of_tasks(source: str) -> None:
    check(source)


def check(source: str) -> None:
    """Lint a program, mend it, and look at it again."""
    data = source.encode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assume(syntax_problem(data) is None)
    findings = list(lint_source(data, FILE, NOWHERE))
    if [finding.message for finding in findings] == [NOT_LINTED]:
        return
    assert "MOG000" not in [finding.code for finding in findings]
    agree_about_places(data)
    for _ in range(MAX_ROUNDS):
        data, applied = apply_fixes(data, findings, unsafe=True)
        if not applied:
            break
        assert syntax_problem(data) is None, data
        findings = list(lint_source(data, FILE, NOWHERE))
    else:
        pytest.fail(f"the fixes of {source!r} never end")


def agree_about_places(data: bytes) -> None:
    """Compare where calls and definitions stand with what CPython's own parser says."""
    parsed, python = analyse(data), python_tree(data)
    assert isinstance(parsed, Parsed)
    assert isinstance(python, ast.Module)
    spans = {span_of(node, parsed) for node in ast.walk(python) if isinstance(node, ast.Call)}
    places = locate(parsed.tree, parsed.source.text, parsed.nodes)
    for node in parsed.nodes:
        if isinstance(node, cst.Call):
            span = places.of(node)
            assert (span.start, span.end) in spans, data


def span_of(node: ast.Call, parsed: Parsed) -> tuple[int, int]:
    """Return the offsets of a node; CPython counts columns in bytes of UTF-8."""
    starts = parsed.source.line_starts

    def offset(row: int, column: int) -> int:
        line = parsed.source.line(row).encode()
        return starts[row - 1] + len(line[:column].decode())

    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)
