"""Every example is what it teaches: clean in the linter's and the type checker's eyes, with a README."""

from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = sorted(path.parent.name for path in Path(__file__).parents[2].glob("examples/*/pyproject.toml"))

every_example = pytest.mark.parametrize("name", EXAMPLES)


def test_examples_are_found() -> None:
    assert {"fan_out", "flaky", "import_rows", "web"} <= set(EXAMPLES)


@every_example
def test_lint_is_clean(example, name: str) -> None:
    example(name).run("mog lint")


@every_example
def test_lint_reads_it(example, name: str) -> None:
    shell = example(name)
    for file in shell.directory.glob("*.py"):
        file.write_text(file.read_text("utf-8").replace("@task(name=", "@task(queue="), "utf-8")
    assert "MOG101" in shell.run("mog lint || [ $? = 1 ]")


@every_example
@pytest.mark.skipif(find_spec("mypy") is None, reason="needs mypy, which stands beside the sources alone")
def test_types_are_strict(example, name: str) -> None:
    example(name).run("mypy --strict .")


@every_example
def test_readme_shows_commands(example, name: str) -> None:
    assert "mog run" in example(name).readme()
