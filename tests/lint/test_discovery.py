"""Which files are linted."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from mog_lint.config import LintConfig
from mog_lint.discovery import discover
from mog_lint.errors import PathError


@pytest.fixture
def config(tmp_path: Path) -> LintConfig:
    return LintConfig(root=tmp_path)


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def found(config: LintConfig, *names: str) -> list[str]:
    files = discover([config.root / name for name in names], config).files
    return [file.relative_to(config.root).as_posix() for file in files]


def test_the_project_without_what_nobody_wrote(config: LintConfig) -> None:
    touch(config.root, "a.py", "pkg/b.py", "readme.md", "script")
    touch(config.root, ".venv/x.py", "node_modules/x.py", "build/x.py", "dist/x.py", "__pycache__/x.py", ".git/x.py")
    touch(config.root, "env/pyvenv.cfg", "env/lib/x.py")
    assert found(config) == ["a.py", "pkg/b.py"]


def test_gitignore_at_each_level_the_innermost_deciding(config: LintConfig) -> None:
    touch(config.root, "a.py", "gen_a.py", "sub/gen_b.py", "sub/gen_keep.py", "out/x.py", "sub/out/x.py")
    (config.root / ".gitignore").write_text("gen_*.py\n/out/\n")
    (config.root / "sub/.gitignore").write_text("!gen_keep.py\n")
    assert found(config) == ["a.py", "sub/gen_keep.py", "sub/out/x.py"]


def test_gitignore_of_the_repository_above(config: LintConfig) -> None:
    touch(config.root, "repo/.git/HEAD", "repo/service/a.py", "repo/service/gen.py", "gen.py")
    (config.root / "repo/.gitignore").write_text("/service/gen.py\n")
    (config.root / ".gitignore").write_text("*.py\n")
    assert found(config, "repo/service") == ["repo/service/a.py"]


def test_a_named_file_is_linted_whatever_git_and_its_suffix_say(config: LintConfig) -> None:
    touch(config.root, "gen.py", "script", ".hidden/a.py")
    (config.root / ".gitignore").write_text("*\n")
    assert found(config, "gen.py", "script", ".hidden/a.py") == [".hidden/a.py", "gen.py", "script"]


def test_exclude_holds_for_named_files_too(config: LintConfig) -> None:
    config = replace(config, exclude=("generated/", "*_pb2.py"))
    touch(config.root, "a.py", "generated/b.py", "x_pb2.py")
    assert found(config) == ["a.py"]
    named = discover([config.root / "generated/b.py", config.root / "x_pb2.py"], config)
    assert named.files == []
    assert set(named.skipped.values()) == {"excluded by [tool.mog.lint] exclude"}


def test_stubs_and_notebooks_are_left_out_with_a_reason(config: LintConfig) -> None:
    touch(config.root, "a.pyi", "b.ipynb")
    for paths in ([], [config.root / "a.pyi", config.root / "b.ipynb"]):
        discovery = discover(paths, config)
        assert discovery.files == []
        assert {path.name for path in discovery.skipped} == {"a.pyi", "b.ipynb"}


def test_links_and_pipes(config: LintConfig) -> None:
    touch(config.root, "pkg/a.py")
    (config.root / "pkg/loop").symlink_to(config.root, target_is_directory=True)
    (config.root / "pkg/self.py").symlink_to("self.py")
    (config.root / "pkg/dangling.py").symlink_to("gone.py")
    (config.root / "pkg/twice.py").symlink_to("a.py")
    touch(config.root.parent, "elsewhere.py")
    (config.root / "pkg/linked.py").symlink_to(config.root.parent / "elsewhere.py")
    os.mkfifo(config.root / "pkg/pipe.py")
    assert found(config) == ["pkg/a.py", "pkg/linked.py"]
    assert found(config, "pkg/loop") == ["pkg/loop/pkg/a.py", "pkg/loop/pkg/linked.py"]


def test_a_file_named_twice_is_linted_once(config: LintConfig) -> None:
    touch(config.root, "pkg/a.py")
    assert found(config, "pkg", "pkg/a.py", "pkg/../pkg/a.py") == ["pkg/a.py"]


def test_a_path_that_does_not_exist(config: LintConfig) -> None:
    with pytest.raises(PathError, match=r"nowhere\.py does not exist"):
        found(config, "nowhere.py")
    os.mkfifo(config.root / "pipe.py")
    with pytest.raises(PathError, match=r"pipe\.py is neither a file nor a directory"):
        found(config, "pipe.py")
