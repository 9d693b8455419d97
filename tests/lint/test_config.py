"""`[tool.mog.lint]`."""

from pathlib import Path

import pytest

from mog_lint.config import LintConfig, find_pyproject, load_config
from mog_lint.errors import ConfigError


def write(directory: Path, content: str) -> Path:
    file = directory / "pyproject.toml"
    file.write_text(content)
    return file


def test_all_keys(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        [tool.mog]
        src = ["lib"]
        [tool.mog.lint]
        select = ["MOG1"]
        extend-select = ["MOG001"]
        ignore = ["task-name-missing"]
        exclude = ["generated/"]
        task-decorators = ["celery.shared_task"]
        external-tasks = ["billing.*"]
        max-sleep = 30
        call-depth = 2
        per-file-ignores = { "tests/*" = ["MOG101"] }
        """,
    )
    config = load_config(tmp_path)
    assert config == LintConfig(
        root=tmp_path,
        select=("MOG1",),
        extend_select=("MOG001",),
        ignore=("task-name-missing",),
        exclude=("generated/",),
        task_decorators=("celery.shared_task",),
        external_tasks=("billing.*",),
        max_sleep=30.0,
        call_depth=2,
        per_file_ignores=(("tests/*", ("MOG101",)),),
        src=("lib",),
        has_project=True,
    )


def test_the_nearest_pyproject_above_counts(tmp_path: Path) -> None:
    write(tmp_path, '[tool.mog.lint]\nignore = ["MOG101"]\n')
    inner = tmp_path / "one" / "two"
    inner.mkdir(parents=True)
    (inner / "tasks.py").touch()
    assert load_config(inner / "tasks.py").ignore == ("MOG101",)
    write(inner, "")
    assert load_config(inner / "tasks.py").ignore == ()
    assert load_config(inner / "not_there.py").root == inner
    assert find_pyproject(inner) == inner / "pyproject.toml"
    assert find_pyproject(inner.parent) == tmp_path / "pyproject.toml"


def test_without_a_project_the_defaults_hold(tmp_path: Path) -> None:
    assert load_config(tmp_path) == LintConfig(root=tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[tool.mog.lint]\nignores = []", r"\[tool.mog.lint\] has no key ignores \(did you mean ignore\?\)"),
        ("[tool.mog.lint]\ntask_decorators = []", r"did you mean task-decorators\?"),
        ("[tool.mog.lint]\nroot = 'x'", "has no key root"),
        ("[tool.mog.lint]\nselect = 'MOG101'", r"select in \[tool.mog.lint\] is a list of texts .* not a text"),
        ("[tool.mog.lint]\nselect = [1]", "not a list that holds something else"),
        ("[tool.mog.lint]\nselect = true", "not a boolean"),
        ("[tool.mog.lint]\nper-file-ignores = ['x']", r"\[tool.mog.lint.per-file-ignores\] is a table"),
        (
            "[tool.mog.lint.per-file-ignores]\n'a.py' = 'MOG1'",
            r"'a.py' in \[tool.mog.lint.per-file-ignores\] is a list",
        ),
        ("[tool.mog.lint]\ntask-decorators = ['shared_task']", "takes full names such as celery.shared_task"),
        ("[tool.mog.lint]\nmax-sleep = '15s'", r"max-sleep in \[tool.mog.lint\] is a number of seconds, not a text"),
        ("[tool.mog.lint]\nmax-sleep = true", "not a boolean"),
        ("[tool.mog.lint]\nmax-sleep = -1", "from 0 up, not -1"),
        ("[tool.mog.lint]\nmax-sleep = inf", "from 0 up, not inf"),
        ("[tool.mog.lint]\ncall-depth = '4'", r"call-depth in \[tool.mog.lint\] is a number of calls, not a text"),
        ("[tool.mog.lint]\ncall-depth = true", "not a boolean"),
        ("[tool.mog.lint]\ncall-depth = 2.5", "not a number"),
        ("[tool.mog.lint]\ncall-depth = 0", "from 1 to 20, not 0"),
        ("[tool.mog.lint]\ncall-depth = 21", "from 1 to 20, not 21"),
        ("[tool.mog]\nlint = 3", r"\[tool.mog.lint\] is a table, not a number"),
        ("[tool.mog]\nsrc = 'src'", r"src in \[tool.mog\] is a list"),
        ("tool = 'x'", r"\[tool\] is a table"),
        ("[tool", "is not valid TOML"),
    ],
)
def test_what_is_not_understood_is_an_error(tmp_path: Path, content: str, message: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(tmp_path)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_utf_8_or_a_directory(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load_config(tmp_path)


@pytest.mark.parametrize("key", ["blocking-calls", "non-blocking-calls", "offload-functions"])
def test_calls_are_full_names(tmp_path: Path, key: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(f'[tool.mog.lint]\n{key} = ["sleep"]\n')
    with pytest.raises(ConfigError, match=f"{key} takes full names"):
        load_config(file.parent)
