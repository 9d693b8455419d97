import shutil
import stat
import subprocess
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import mog_templates
from mog_cli import scaffold

needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")


def tree(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if ".git" not in path.parts}


def test_makes_a_project_and_says_what_to_do_next(mog: Callable[..., Any], directory: Path) -> None:
    ended = mog("new", "image-service", "--no-git")
    assert (ended.code, ended.out) == (0, "")
    assert f"created image-service in {directory / 'image-service'}\n" in ended.err
    assert "  cd image-service\n  mog run\n" in ended.err
    project = directory / "image-service"
    assert (project / "src" / "image_service" / "app.py").is_file()
    assert not (project / ".git").exists()
    assert [entry.name for entry in directory.iterdir()] == ["image-service"]


def test_keeps_the_answers(mog: Callable[..., Any], directory: Path) -> None:
    mog("new", "image-service", "--no-git")
    settings = tomllib.loads((directory / "image-service" / "pyproject.toml").read_text())
    kept = settings["tool"]["mog"]["template"]
    assert kept["template"] == "minimal"
    assert kept["name"] == "image-service"
    assert kept["package"] == "image_service"
    assert kept["mog_version"] == version("mogkit")


def test_nothing_of_the_template_is_left_unrendered(mog: Callable[..., Any], directory: Path) -> None:
    mog("new", "hello", "--no-git")
    for name in tree(directory / "hello"):
        assert not name.endswith(".jinja")
        assert scaffold.PACKAGE not in name
        assert mog_templates.MANIFEST not in name
        file = directory / "hello" / name
        if file.is_file():
            assert "{{ package" not in file.read_text()


def test_directory_is_as_open_as_any_other(mog: Callable[..., Any], directory: Path) -> None:
    mog("new", "hello", "--no-git")
    (directory / "other").mkdir()
    assert stat.S_IMODE((directory / "hello").stat().st_mode) == stat.S_IMODE((directory / "other").stat().st_mode)


def test_the_same_answers_give_the_same_files(mog: Callable[..., Any], directory: Path) -> None:
    (directory / "b").mkdir()
    mog("new", "hello", "--no-git")
    shutil.move("hello", "b")
    mog("new", "hello", "--no-git")
    for name in tree(directory / "hello"):
        if (directory / "hello" / name).is_file():
            assert (directory / "hello" / name).read_bytes() == (directory / "b" / "hello" / name).read_bytes()


@needs_git
def test_makes_a_repository(mog: Callable[..., Any], directory: Path) -> None:
    assert "a git repository" in mog("new", "hello").err
    status = subprocess.run(["git", "-C", "hello", "status", "--short"], capture_output=True, text=True, check=True)
    assert "?? pyproject.toml" in status.stdout


@needs_git
def test_makes_no_repository_inside_another(mog: Callable[..., Any], directory: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "."], check=True)
    assert mog("new", "hello").code == 0
    assert not (directory / "hello" / ".git").exists()


def test_works_without_git(mog: Callable[..., Any], directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(directory))
    ended = mog("new", "hello")
    assert ended.code == 0
    assert "a git repository" not in ended.err
    assert (directory / "hello" / "pyproject.toml").is_file()


def test_into_this_directory(mog: Callable[..., Any], directory: Path) -> None:
    (directory / ".git").mkdir()
    ended = mog("new", "hello", "--here")
    assert ended.code == 0
    assert "cd hello" not in ended.err
    assert (directory / "src" / "hello" / "app.py").is_file()
    assert not list(directory.glob(".mog-new-*"))


def test_into_an_empty_directory_of_that_name(mog: Callable[..., Any], directory: Path) -> None:
    (directory / "hello").mkdir()
    assert mog("new", "hello", "--no-git").code == 0
    assert (directory / "hello" / "pyproject.toml").is_file()


@pytest.mark.parametrize("arguments", [("hello",), ("hello", "--here")])
def test_touches_no_directory_that_holds_something(
    mog: Callable[..., Any], directory: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    (directory / "hello").mkdir()
    (directory / "hello" / "thesis.txt").write_text("years of work")
    if "--here" in arguments:
        monkeypatch.chdir("hello")
    before = tree(directory)
    ended = mog("new", *arguments)
    assert ended.code == 2
    assert ended.err.startswith(f"error: {directory / 'hello'} is not empty (thesis.txt); nothing was written\n")
    assert tree(directory) == before


def test_a_file_is_in_the_way(mog: Callable[..., Any], directory: Path) -> None:
    (directory / "hello").write_text("")
    ended = mog("new", "hello")
    assert ended.code == 2
    assert "is a file" in ended.err


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device", "pyproject.toml")])
def test_leaves_nothing_behind_when_it_fails(
    mog: Callable[..., Any], directory: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, here: bool
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(scaffold, "move", fail)
    ended = mog("new", "hello", "--no-git", *(["--here"] if here else []))
    assert ended.code == (130 if isinstance(error, KeyboardInterrupt) else 2)
    assert "Traceback" not in ended.err
    assert list(directory.iterdir()) == []


def test_takes_back_what_was_moved_when_moving_fails(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, target = directory / "stage", directory / "target"
    for path in (stage, target):
        path.mkdir()
    for name in ("a", "b", "c"):
        (stage / name).mkdir()
    rename = Path.rename

    def fail_at_the_third(path: Path, place: Path) -> Path:
        if len(list(target.iterdir())) == 2:
            raise OSError(28, "No space left on device")
        return rename(path, place)

    monkeypatch.setattr(Path, "rename", fail_at_the_third)
    with pytest.raises(OSError, match="No space"):
        scaffold.move(stage, target)
    assert list(target.iterdir()) == []


def test_a_directory_that_may_not_be_written(mog: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> str:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr(scaffold.tempfile, "mkdtemp", refuse)
    ended = mog("new", "hello")
    assert (ended.code, ended.err) == (2, "error: /somewhere: Permission denied\n")


def test_unknown_template(mog: Callable[..., Any], directory: Path) -> None:
    ended = mog("new", "hello", "--template", "minimall")
    assert ended.code == 2
    assert "minimal" in ended.err
    assert list(directory.iterdir()) == []


def test_a_name_that_would_not_work(mog: Callable[..., Any], directory: Path) -> None:
    ended = mog("new", "json")
    assert ended.code == 2
    assert ended.err == "error: 'json' is a module of the standard library\n  hint: try json-tasks\n"
    assert list(directory.iterdir()) == []
