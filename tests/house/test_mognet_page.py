"""docs/mognet.md names tests that exist, and all of them."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/mognet.md").read_text("utf-8")
ROWS = {cells[1].strip(): cells[-2] for line in PAGE.splitlines() if len(cells := line.split("|")) == 6}
TEST = re.compile(r"`(?P<file>\S+\.py)::(?P<name>\w+)`")
NEAR = ROOT / "tests/runtime/end_to_end"
OWN = NEAR / "test_mognet_weaknesses.py"


def names_in(file: Path) -> set[str]:
    """Return the names of the tests in a file, those in its classes as well."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = {node.name for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, functions)}
    return {name for name in names if name.startswith("test_")}


def named_tests() -> set[tuple[Path, str]]:
    found = (match.groups() for cell in ROWS.values() for match in TEST.finditer(cell))
    return {((ROOT if "/" in file else NEAR) / file, name) for file, name in found}


def test_each_weakness_has_a_row_with_a_test() -> None:
    shown = [name for name, tests in ROWS.items() if TEST.search(tests)]
    assert shown == [f"W{number}" for number in range(1, 17)]


def test_named_tests_exist() -> None:
    missing = [f"{file.relative_to(ROOT)}::{name}" for file, name in named_tests() if name not in names_in(file)]
    assert missing == []


def test_tests_of_weaknesses_are_named() -> None:
    assert {(OWN, name) for name in names_in(OWN)} <= named_tests()
