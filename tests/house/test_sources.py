"""The rules of the house that a program can check: size, and a reason beside every exception."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "mog": ROOT / "runtime/mog",
    "mog_lint": ROOT / "lint/mog_lint",
    "mog_cli": ROOT / "cli/mog_cli",
    "mog_templates": ROOT / "templates/mog_templates",
}
SOURCES = sorted(file for package in PACKAGES.values() for file in package.rglob("*.py"))
FILE_CEILING = 400
FUNCTION_CEILING = 50
SUPPRESSION = re.compile(r"# (?:type: ignore\[[^]]*]|noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*|pragma: no cover)(?P<rest>.*)$")
BARE_SUPPRESSION = re.compile(r"# (?:type: ignore(?!\[)|noqa(?!: ))")

every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end without the docstring: what it says for its reader is not what it does."""
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    said = docstring.end_lineno - docstring.lineno + 1 if docstring and docstring.end_lineno else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - said


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES)
def test_package_is_typed(package: Path) -> None:
    assert (package / "__init__.py").is_file()
    assert (package / "py.typed").is_file()


@every_source
def test_file_is_within_its_ceiling(source: Path) -> None:
    assert len(source.read_text("utf-8").splitlines()) <= FILE_CEILING, "is there a second noun inside?"


@every_source
def test_functions_are_within_their_ceiling(source: Path) -> None:
    sizes = {function.name: lines_of_code(function) for function in functions(ast.parse(source.read_text("utf-8")))}
    assert {name: size for name, size in sizes.items() if size > FUNCTION_CEILING} == {}


@every_source
def test_suppressions_name_their_rule_and_reason(source: Path) -> None:
    for number, line in enumerate(source.read_text("utf-8").splitlines(), 1):
        assert not BARE_SUPPRESSION.search(line), f"line {number} suppresses everything: name the rule"
        if found := SUPPRESSION.search(line):
            assert re.search(r"\w{2}", found["rest"]), f"line {number} suppresses a rule and gives no reason beside it"


def test_length_leaves_out_the_docstring() -> None:
    (function,) = functions(ast.parse('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n'))
    assert lines_of_code(function) == 2
