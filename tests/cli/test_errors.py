from pathlib import Path

import pytest
import typer

from mog.errors import ConfigError, EngineUnavailable, UnknownTask
from mog_cli import errors
from mog_cli.errors import CommandError, ExitCode, explain, report


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandError("x"), 2),
        (CommandError("x", code=ExitCode.UNFINISHED), 3),
        (typer.BadParameter("x"), 2),
        (ConfigError("x"), 2),
        (UnknownTask("x"), 2),
        (EngineUnavailable("x"), 4),
        (OSError(13, "Permission denied", "file"), 2),
        (ZeroDivisionError("x"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_error_has_one_code_and_one_line(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(error, verbose=False) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    assert len([line for line in printed.err.splitlines() if not line.startswith("  hint: ")]) <= 1


def test_what_nobody_foresaw_is_a_bug_in_mog(capsys: pytest.CaptureFixture[str]) -> None:
    report(ZeroDivisionError("a\nb"), verbose=False)
    assert capsys.readouterr().err == (
        "error: this is a bug in mog: ZeroDivisionError: a b\n  hint: run again with -v for the traceback\n"
    )


def test_verbose_shows_where_a_bug_is(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError as error:
        report(error, verbose=True)
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_verbose_adds_nothing_to_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    report(CommandError("x", hint="y"), verbose=True)
    assert capsys.readouterr().err == "error: x\n  hint: y\n"


def test_verbose_shows_what_is_behind_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    error = CommandError("x", detail="the short form")
    error.__cause__ = ZeroDivisionError("the cause")
    report(error, verbose=True)
    printed = capsys.readouterr().err
    assert "ZeroDivisionError: the cause" in printed
    assert "the short form" not in printed


def test_detail_stands_before_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    report(CommandError("x", detail="a\nb"), verbose=False)
    assert capsys.readouterr().err == "a\nb\nerror: x\n"


def test_usage_of_a_verb_points_to_its_help() -> None:
    context = typer.Context(typer.main.get_command(typer.Typer(callback=lambda: None)), info_name="mog new")
    assert explain(typer.BadParameter("x", ctx=context)).hint == "see mog new --help"


def test_typers_root_is_what_we_take_it_for() -> None:
    assert errors.TYPER_ERROR.__name__ == "ClickException"


def test_codes_are_documented() -> None:
    for code in ExitCode:
        assert f"\n{code.value} " in f"\n{errors.__doc__}"


def test_no_other_module_exits() -> None:
    package = Path(errors.__file__).parent
    for module in package.rglob("*.py"):
        if module.name != "__main__.py":
            assert "sys.exit" not in module.read_text(), module
