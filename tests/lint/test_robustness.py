"""No input crashes the linter, and what a fix writes is right."""

import sysconfig
from pathlib import Path

import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mog_lint.analysis import Parsed, analyse
from mog_lint.config import LintConfig
from mog_lint.engine import lint_source
from mog_lint.fixes import apply_fixes
from mog_lint.model.positions import locate

NOWHERE = LintConfig(root=Path("/nowhere"))
BLOCKS = (cst.For, cst.While, cst.ExceptHandler, cst.ExceptStarHandler)
TASKS = b"""\
# mog: ignore[MOG101]
from mog import App, task as job, task  # noqa: MOG101
if TYPE: from .x import *
app: App | None = App("x")
class C(App):
    @app.task(
        queue="a",  # why
    )
    async def f(self, context, *a: int, **k) -> "App": ...
@job
@task(name=None)  # mog: ignore
def g(context: Context[int]): ...
match x:
    case [1, *y]: pass
    case _: pass
with app as b, c: pass
try: pass
except* E as e: pass
"""
LIBRARY = sorted((Path(sysconfig.get_path("stdlib")) / "asyncio").glob("*.py"))

pieces = st.sampled_from(
    [b"\n", b"\r", b"\x0c", b"\t", b"(", b")", b'"', b"#", b"\\\n", b"\x00", b"\xff", b"@job\n", b"mog"]
)


@given(place=st.integers(0, len(TASKS)), length=st.integers(0, 40), inserted=st.lists(pieces, max_size=3))
def test_mutilated_tasks(place: int, length: int, inserted: list[bytes]) -> None:
    data = TASKS[:place] + b"".join(inserted) + TASKS[place + length :]
    file = Path("/nowhere/shop/tasks.py")
    findings = list(lint_source(data, file, NOWHERE))
    after, applied = apply_fixes(data, findings, unsafe=True)
    again = list(lint_source(after, file, NOWHERE))
    assert "MOG000" not in [finding.code for finding in again] or not applied
    assert len([item for item in again if item.code == "MOG101"]) <= len(findings) - len(applied)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for finding in lint_source(b"mog = 1\n" + data, Path("/nowhere/tasks.py"), NOWHERE):
        assert finding.location.row >= 1
        assert finding.location.column >= 1


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name)
def test_the_standard_library(path: Path) -> None:
    parsed = analyse(path.read_bytes())
    assert isinstance(parsed, Parsed)
    places = locate(parsed.tree, parsed.source.text, parsed.nodes)
    for node in parsed.nodes:
        span = places.of(node)
        if isinstance(node, BLOCKS):
            head = parsed.source.text[places.head(node).start : places.head(node).end]
            assert head.startswith(("for", "async", "while", "except"))
            continue
        bare = node.with_changes(lpar=(), rpar=()) if getattr(node, "lpar", ()) else node
        # Code of a lone node lacks the indentation of its lines.
        assert parsed.source.text[span.start : span.end].split() == parsed.tree.code_for_node(bare).split()
