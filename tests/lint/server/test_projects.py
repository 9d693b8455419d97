"""To which project a file belongs."""

from pathlib import Path

import pytest

from mog_lint.server.projects import Projects

UNNAMED = "from mog import task\n@task\nasync def resize(context): ...\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "shop/pyproject.toml",
        "shop/src/shop/tasks.py",
        "shop/tools/pyproject.toml",
        "shop/tools/a.py",
        "loose/b.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(UNNAMED if name.endswith(".py") else "", "utf-8")
    return tmp_path


def test_the_nearest_project_counts(tree: Path) -> None:
    projects = Projects()
    assert projects.home(tree / "shop/src/shop/tasks.py") == tree / "shop"
    assert projects.home(tree / "shop/tools/a.py") == tree / "shop/tools"


def test_a_loose_file_counts_in_an_open_folder_or_where_none_is_open(tree: Path) -> None:
    projects = Projects()
    assert projects.home(tree / "loose/b.py") == tree / "loose"
    projects.folders = {tree / "shop"}
    projects.forget_homes()
    assert projects.home(tree / "loose/b.py") is None
    assert projects.of(tree / "loose/b.py") is None
    projects.folders = {tree}
    projects.forget_homes()
    assert projects.home(tree / "loose/b.py") == tree / "loose"


def test_a_configuration_that_cannot_be_read_leaves_the_project_as_it_was(tree: Path) -> None:
    projects, home, path = Projects(), tree / "shop", tree / "shop/src/shop/tasks.py"
    before = projects.of(path)
    assert before is not None
    (home / "pyproject.toml").write_text("[tool.mog.lint]\nignor = []\n")
    projects.reread(home)
    assert projects.of(path) is before
    assert [problem.file for problem in projects.problems.values()] == [home / "pyproject.toml"]
    (home / "pyproject.toml").write_text('[tool.mog.lint]\nignore = ["MOG1"]\n')
    projects.reread(home)
    after = projects.of(path)
    assert after is not None
    assert after is not before
    assert not projects.problems
    assert after.findings(path) == ()


def test_a_project_is_not_opened_with_a_configuration_that_cannot_be_read(tree: Path) -> None:
    (tree / "shop/pyproject.toml").write_text('[tool.mog.lint]\nselect = ["MOG9"]\n')
    projects = Projects()
    assert projects.of(tree / "shop/src/shop/tasks.py") is None
    assert "MOG9" in projects.problems[tree / "shop"].message


def test_texts_are_carried_over_to_the_new_configuration(tree: Path) -> None:
    projects, path = Projects(), tree / "shop/src/shop/tasks.py"
    before = projects.of(path)
    assert before is not None
    before.show(path, "x = 1\n" + UNNAMED)
    (tree / "shop/pyproject.toml").write_text('[tool.mog.lint]\nselect = ["MOG101"]\n')
    projects.reread(tree / "shop")
    after = projects.of(path)
    assert after is not None
    assert [finding.location.row for finding in after.findings(path)] == [3]


def test_a_project_that_is_gone_gives_its_files_to_the_one_above(tree: Path) -> None:
    projects, path = Projects(), tree / "shop/tools/a.py"
    assert projects.of(path) is not None
    (tree / "shop/tools/pyproject.toml").unlink()
    projects.reread(tree / "shop/tools")
    assert projects.home(path) == tree / "shop"
    assert not projects.is_known(tree / "shop/tools")


def test_what_nobody_looks_at_is_forgotten(tree: Path) -> None:
    projects = Projects()
    projects.at(tree / "shop")
    projects.at(tree / "shop/tools")
    projects.keep([tree / "shop"])
    assert [project.config.root for project in projects] == [tree / "shop"]


def test_a_project_whose_first_look_was_called_off_waits(tree: Path) -> None:
    projects, path = Projects(), tree / "shop/src/shop/tasks.py"
    projects.at(tree / "shop")
    projects.stop(tree / "shop")
    assert projects.of(path) is None
    projects.resume()
    assert projects.of(path) is not None
