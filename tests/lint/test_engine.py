"""Files to findings."""

import gc
import itertools
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject, places

from mog_lint.config import LintConfig
from mog_lint.engine import lint_paths, lint_source
from mog_lint.errors import ConfigError, PathError

UNNAMED = "from mog import task\n@task\nasync def resize(context): ...\n"


def test_findings_come_in_the_order_of_files_and_lines(project: ScratchProject) -> None:
    project.write("b.py", UNNAMED + UNNAMED.replace("resize", "shrink"))
    project.write("a.py", UNNAMED)
    project.write("c.py", "def broken(:\n")
    assert places(project.lint()) == [("a.py", 2), ("b.py", 2), ("b.py", 5), ("c.py", 1)]


def test_named_paths_are_reported_and_the_whole_project_is_analysed(project: ScratchProject) -> None:
    project.write("shop/__init__.py", "")
    project.write("shop/compat.py", "from mog import task as job\n@job\ndef unnamed(context): ...\n")
    project.write("shop/tasks.py", "from .compat import job\n@job\ndef resize(context): ...\n")
    assert places(project.lint("shop/tasks.py")) == [("tasks.py", 2)]


def test_a_file_that_does_not_parse_is_one_finding_and_the_rest_goes_on(project: ScratchProject) -> None:
    project.write("broken.py", "from mog import task\n@task\ndef resize(context:\n")
    project.write("plain_broken.py", "x = (\n")
    project.write("tasks.py", UNNAMED)
    findings = project.lint()
    assert [(finding.code, *place) for finding, place in zip(findings, places(findings), strict=True)] == [
        ("MOG000", "broken.py", 3),
        ("MOG000", "plain_broken.py", 1),
        ("MOG101", "tasks.py", 2),
    ]
    assert findings[1].message == "'(' was never closed"
    assert findings[1].excerpt.lines == ("x = (",)


def test_a_broken_file_elsewhere_in_the_project_is_not_reported(project: ScratchProject) -> None:
    project.write("broken.py", "from mog import task\n(\n")
    project.write("tasks.py", UNNAMED)
    assert project.codes("tasks.py") == ["MOG101"]


def test_syntax_errors_can_be_ignored(project: ScratchProject) -> None:
    project.write("pyproject.toml", '[tool.mog.lint.per-file-ignores]\n"fixtures/*" = ["MOG000"]\n')
    project.write("fixtures/broken.py", "(")
    assert project.codes() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_told(project: ScratchProject) -> None:
    project.write("secret.py", "").chmod(0)
    (finding,) = project.lint()
    assert finding.message == "cannot be read: Permission denied"


def test_a_file_that_vanishes_is_told(project: ScratchProject, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = project.write("gone.py", UNNAMED)
    project.write("tasks.py", UNNAMED)
    read = Path.read_bytes

    def vanish(path: Path) -> bytes:
        if path == gone:
            raise FileNotFoundError(2, "No such file or directory")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", vanish)
    assert [(finding.code, finding.message[:14]) for finding in project.lint()] == [
        ("MOG000", "cannot be read"),
        ("MOG101", "task `resize` "),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\xef\xbb\xbf",
        b"\x0c",
        b"\r",
        b"# mog",
        b"#\tmog: ignored[",
        b"pass \\\n\n",
        b"if 1:\n\tpass\n\t\n",
        "名 = 'mog'".encode(),
        b"# -*- coding: utf-7 -*-\nmog = 1\n",
    ],
)
def test_odd_but_valid_files_are_clean(project: ScratchProject, data: bytes) -> None:
    project.write("odd.py", data)
    assert project.codes() == []


@pytest.mark.parametrize(
    "data",
    [
        b"mog\x00",
        b"\xff\xfe\x00",
        b"mog = '\xe9'",
        b"# coding: nonsense\nmog = 1",
        b"# coding: hex\nmog",
        b"# coding: utf-16\nmog",
        b"\xef\xbb\xbf# coding: latin-1\nmog",
        b"mog\nif x:\n\ty\n        z\n",
        b"mog = " + b"(" * 100_000,
        b"mog = " + b"-" * 200_000 + b"1",
        b"mog = " + b"[" * 5_000 + b"]" * 5_000,
    ],
    ids=lambda data: repr(data[:30]),
)
def test_files_that_cannot_be_linted_are_one_finding(project: ScratchProject, data: bytes) -> None:
    project.write("odd.py", data)
    assert project.codes() == ["MOG000"]


def test_long_chains_are_linted(project: ScratchProject) -> None:
    chain = " + ".join(["1"] * 600)
    branches = "if 0: pass\n" + "elif 0: pass\n" * 600
    project.write("tasks.py", f"x = {chain}\n{branches}{UNNAMED}")
    (finding,) = project.lint()
    assert (finding.code, finding.location.row) == ("MOG101", 604)


def test_the_suite_of_paths(project: ScratchProject) -> None:
    with pytest.raises(PathError, match="nowhere does not exist"):
        project.lint("nowhere")
    project.write("pyproject.toml", '[tool.mog.lint]\nselect = ["MOG9"]\n')
    with pytest.raises(ConfigError, match="'MOG9'"):
        project.lint()


def test_files_left_out_are_told(project: ScratchProject) -> None:
    project.write("a.pyi", "")
    told: dict[str, str] = {}
    findings = lint_paths([], project.config(), on_skip=lambda path, reason: told.update({path.name: reason}))
    assert (list(findings), told) == ([], {"a.pyi": "a stub holds no code that runs"})


def test_stdin_is_linted_as_a_file_of_the_project(project: ScratchProject) -> None:
    project.write("shop/__init__.py", "")
    project.write("shop/app.py", "from mog import App\napp = App('shop')\n")
    file = project.write("shop/tasks.py", "nothing = 1\n")
    text = b"from .app import app\n@app.task\ndef resize(context): ...\n"
    for name in (file, project.root / "shop/new.py"):
        (finding,) = lint_source(text, name, project.config())
        assert (finding.code, finding.filename) == ("MOG101", str(name))
    assert file.read_text() == "nothing = 1\n"


def test_without_a_project_the_files_beside_are_analysed_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "compat.py").write_text("from mog import task as job\n")
    tasks = tmp_path / "tasks.py"
    tasks.write_text("from compat import job\n@job\ndef resize(context): ...\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "huge.py").write_text("raise SystemExit\n")
    findings = list(lint_paths([tasks], LintConfig(root=tmp_path)))
    assert places(findings) == [("tasks.py", 2)]


def test_overrides_count_instead_of_what_is_on_disk(project: ScratchProject) -> None:
    file = project.write("tasks.py", UNNAMED)
    assert list(lint_paths([file], project.config(), overrides={file: b"x = 1\n"})) == []


def test_nothing_is_imported_or_run(project: ScratchProject) -> None:
    project.write("tasks.py", "raise SystemExit\n" + UNNAMED)
    assert project.codes() == ["MOG101"]


def test_leaves_the_process_as_it_was(project: ScratchProject) -> None:
    project.write("tasks.py", UNNAMED)
    before = threading.stack_size(), gc.isenabled()
    assert project.codes() == ["MOG101"]
    assert (threading.stack_size(), gc.isenabled()) == before


def test_only_tasks_are_parsed(project: ScratchProject, monkeypatch: pytest.MonkeyPatch) -> None:
    import libcst

    parsed = []
    parse = libcst.parse_module

    def spy(text: str) -> libcst.Module:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(libcst, "parse_module", spy)
    project.write("shop/__init__.py", "")
    project.write("shop/plain.py", "def function(): ...\n")
    project.write("shop/make.py", "from mog import App\ndef make_app() -> App: ...\n")
    project.write("shop/uses.py", "from .make import make_app\nthe_app = make_app()\n")
    project.write("shop/tasks.py", "from .uses import the_app\n@the_app.task\ndef resize(context): ...\n")
    assert project.codes() == ["MOG101"]
    assert [text for text in parsed if "function" in text] == []


def chain_of(length: int) -> Callable[[ScratchProject], None]:
    def write(project: ScratchProject) -> None:
        for one, other in itertools.pairwise(range(length)):
            project.write(f"m{one}.py", f"from m{other} import name{other} as name{one}\n")
        project.write(f"m{length - 1}.py", f"from mog import task as name{length - 1}\n")
        project.write("tasks.py", "from m0 import name0\n@name0\ndef resize(context): ...\n")

    return write


@pytest.mark.parametrize("length", [2, 5, 20])
def test_names_are_followed_through_many_modules(project: ScratchProject, length: int) -> None:
    chain_of(length)(project)
    assert places(project.lint()) == [("tasks.py", 2)]


def test_deep_tree_with_a_finding_is_reported_or_refused(project: ScratchProject) -> None:
    chain = " + ".join(["1"] * 900)
    project.write("deep.py", f"from mog import task\nx = {chain}\n@task\nasync def f(context): ...\n".encode())
    assert project.codes("deep.py") in (["MOG101"], ["MOG000"])
