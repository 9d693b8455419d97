"""Where in a pyproject.toml something is wrong."""

from pathlib import Path

import pytest

from mog_lint.config import read_config
from mog_lint.errors import ConfigError
from mog_lint.selection import Selection
from mog_lint.server.configs import problem_of

HEAD = '[project]\nname = "ignore"\n\n[tool.mog.lint]\n'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (HEAD + 'ignor = ["MOG2"]\n', "ignor"),
        (HEAD + 'ignore = "MOG2"\n', "ignore"),
        (HEAD + 'exclude = []\nselect = ["MOG9"]\n', "MOG9"),
        (HEAD + 'task-decorators = ["shared_task"]\n', "shared_task"),
        (HEAD + "ignore = [\n", ""),
        ('[tool.mog]\nlint = "no"\n', "[tool.mog]"),
        ("x", ""),
    ],
)
def test_the_place_is_what_the_message_is_about(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        Selection(read_config(file))
    problem = problem_of(file, caught.value)
    assert text[problem.start : problem.end].strip() == place
    assert str(tmp_path) not in problem.message
    if place == "ignore":
        assert problem.start > text.index("[tool.mog.lint]")


def test_a_file_that_has_gone(tmp_path: Path) -> None:
    problem = problem_of(tmp_path / "pyproject.toml", ConfigError("it cannot be read"))
    assert (problem.text, problem.start, problem.end) == ("", 0, 0)
