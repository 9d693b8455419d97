import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mog_lint.formats import format_names

UNNAMED = "from mog import task\n\n\n@task\nasync def greet(context, name: str) -> None: ...\n"
NAMED = UNNAMED.replace("@task", '@task(name="hello.greet")')


@pytest.fixture
def project(directory: Path) -> Path:
    """A project with one task, which has no name."""
    (directory / "pyproject.toml").write_text('[tool.mog]\nsrc = ["."]\n')
    (directory / "hello.py").write_text(UNNAMED)
    return directory


def test_findings_are_shown_and_counted(mog: Callable[..., Any], project: Path) -> None:
    ended = mog("lint")
    assert ended.code == 1
    assert "error[MOG101] " in ended.out
    assert "--> hello.py:4:2\n" in ended.out
    assert ended.err == "1 finding; 1 can be mended: mog lint --fix, --unsafe-fixes, or --diff to look first\n"


def test_clean_project(mog: Callable[..., Any], project: Path) -> None:
    (project / "hello.py").write_text(NAMED)
    ended = mog("lint")
    assert (ended.code, ended.out, ended.err) == (0, "", "no findings\n")


def test_paths_choose_what_is_reported(mog: Callable[..., Any], project: Path) -> None:
    (project / "other.py").write_text("x = 1\n")
    assert mog("lint", "other.py").code == 0
    assert mog("lint", "other.py", "hello.py").code == 1


@pytest.mark.parametrize("format_name", format_names())
def test_every_format_is_offered_and_works(mog: Callable[..., Any], project: Path, format_name: str) -> None:
    assert format_name in "".join(mog("lint", "--help").out.split())
    ended = mog("lint", "--format", format_name)
    assert ended.code == 1
    assert "MOG101" in ended.out


def test_json_has_nothing_beside_it(mog: Callable[..., Any], project: Path) -> None:
    ended = mog("lint", "--format", "json")
    assert [finding["code"] for finding in json.loads(ended.out)] == ["MOG101"]
    assert ended.err == ""


def test_fix_writes_and_tells(mog: Callable[..., Any], project: Path) -> None:
    ended = mog("lint", "--fix", "--show-fixes")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("mended hello.py:4:2: MOG101 ")
    assert ended.err.endswith("\n1 finding mended; none left\n")
    assert (project / "hello.py").read_text() == NAMED


def test_diff_changes_nothing(mog: Callable[..., Any], project: Path) -> None:
    ended = mog("lint", "--diff")
    assert ended.code == 1
    assert '-@task\n+@task(name="hello.greet")\n' in ended.out
    assert ended.err == "1 finding would be mended; nothing was changed\n"
    assert (project / "hello.py").read_text() == UNNAMED
    subprocess.run(["git", "apply"], input=ended.out, text=True, check=True, cwd=project)
    assert (project / "hello.py").read_text() == NAMED
    assert mog("lint", "--diff").code == 0


def test_rules_are_chosen(mog: Callable[..., Any], project: Path) -> None:
    assert mog("lint", "--ignore", "MOG101").code == 0
    assert mog("lint", "--ignore", "MOG001, task-name-missing").code == 0
    assert mog("lint", "--select", "MOG000,MOG001").code == 0
    assert mog("lint", "--select", "MOG000", "--select", "MOG1").code == 1
    assert mog("lint", "--select", "MOG000", "--extend-select", "MOG101").code == 1


def test_severity_from_which_it_fails(mog: Callable[..., Any], project: Path) -> None:
    (project / "hello.py").write_text("x = 1  # mog: ignore[MOG101] no longer needed\n")
    assert mog("lint", "--fail-on", "warning").code == 1
    ended = mog("lint", "--fail-on", "error")
    assert ended.code == 0
    assert "MOG001" in ended.out


def test_configuration_of_ones_own(mog: Callable[..., Any], project: Path) -> None:
    (project / "strict.toml").write_text('[tool.mog.lint]\nignore = ["MOG101"]\n')
    assert mog("lint", "--config", "strict.toml").code == 0


def test_source_on_stdin(mog: Callable[..., Any], project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NAMED.replace("hello.greet", "x").encode())))
    assert mog("lint", "-", "--stdin-filename", "hello.py").code == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(UNNAMED.encode())))
    ended = mog("lint", "-", "--stdin-filename", "new.py", "--format", "concise")
    assert ended.code == 1
    assert ended.out.startswith("new.py:4:2: MOG101 ")


def test_report_into_a_file(mog: Callable[..., Any], project: Path) -> None:
    ended = mog("lint", "--format", "json", "--output", "report.json")
    assert (ended.code, ended.out, ended.err) == (1, "", "")
    assert len(json.loads((project / "report.json").read_text())) == 1


def test_with_and_without_what_earlier_runs_found(mog: Callable[..., Any], project: Path) -> None:
    cold = mog("lint", "--no-cache")
    assert not list(project.rglob("*cache*"))
    first, second = mog("lint"), mog("lint")
    assert cold == first == second
    (project / "hello.py").write_text(NAMED)
    assert mog("lint").code == 0


def test_statistics(mog: Callable[..., Any], project: Path) -> None:
    (project / "broken.py").write_text("def")
    ended = mog("lint", "--statistics")
    assert ended.code == 1
    assert "     1  MOG101  task-name-missing  (1 can be mended)\n" in ended.out
    assert "     1  MOG000  syntax-error\n" in ended.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["--select", "MOG999"], "'MOG999'"),
        (["--format", "xml"], "no format is called 'xml'"),
        (["--fail-on", "bad"], "'bad' is none of info, warning, error"),
        (["--config", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["--output", "nowhere/report"], "nowhere/report: No such file or directory"),
        (["-", "hello.py"], "- stands alone"),
        (["-", "--fix"], "stdin is none"),
        (["--unsafe-fixes"], "goes with --fix or --diff"),
        (["--show-fixes"], "goes with --fix"),
    ],
)
def test_wrong_use(mog: Callable[..., Any], project: Path, arguments: list[str], message: str) -> None:
    ended = mog("lint", *arguments)
    assert ended.code == 2
    assert message in ended.err.splitlines()[0]
    assert len(ended.err.splitlines()) <= 2


def test_configuration_that_is_not_understood(mog: Callable[..., Any], project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.mog.lint]\nselekt = []\n")
    ended = mog("lint")
    assert ended.code == 2
    assert "selekt" in ended.err
    assert "did you mean select?" in ended.err


def test_a_named_file_that_is_left_out_is_told(mog: Callable[..., Any], project: Path) -> None:
    (project / "hello.pyi").write_text("x: int\n")
    ended = mog("lint", "hello.pyi")
    assert ended.code == 0
    assert "warning: hello.pyi is left out: " in ended.err


@pytest.mark.parametrize("arguments", [[], ["--format", "json"], ["--format", "json", "--output", "report.json"]])
def test_a_file_whose_name_is_no_text(mog_program: Callable[..., Any], project: Path, arguments: list[str]) -> None:
    try:
        (project / os.fsdecode(b"caf\xe9.py")).write_text(UNNAMED)
    except OSError:
        pytest.skip("this file system has no such names")
    ended = mog_program("lint", *arguments)
    assert ended.code == 1, ended.err
    report = (project / "report.json").read_text() if "--output" in arguments else ended.out
    assert "caf\\udce9.py" in report
    if "json" in arguments:
        assert [os.fsencode(finding["filename"])[-7:] for finding in json.loads(report)] == [b"caf\xe9.py", b"ello.py"]


def test_imports_neither_runtime_nor_what_draws(project: Path) -> None:
    program = "import sys\nfrom mog_cli.command import run\nrun(['lint'])\nprint(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=project)
    assert "MOG101" in ended.stdout
    assert {"pydantic", "rich", "mog", "jinja2", "asyncio"}.isdisjoint(ended.stdout.split())
