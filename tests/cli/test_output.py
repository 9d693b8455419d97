import io
import json
import os
import subprocess
import sys
from uuid import UUID

import pytest

from mog_cli import output


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_table_without_a_terminal_is_plain_and_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    output.table(["ID", "STATE"], [["1", "SUCCESS"], [long, "FAILURE"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ID", "STATE"]
    assert lines[2].split() == [long, "FAILURE"]
    assert lines[1].index("SUCCESS") == lines[2].index("FAILURE")
    assert all(line == line.rstrip() for line in lines)


def test_table_without_rows(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["ID", "STATE"], [])
    assert capsys.readouterr().out == "ID  STATE\n"


def test_table_on_a_terminal_has_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    output.table(["STATE"], [["FAILURE"], ["[bold]no markup"]])
    assert "\033[31mFAILURE" in screen.getvalue()
    assert "[bold]no markup" in screen.getvalue()


def test_table_on_a_narrow_terminal_has_a_line_per_row(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    first = str(UUID(int=1))
    output.table(["ID", "TASK", "ARGUMENTS"], [[first, "x" * 40, "y" * 40]], elastic=["TASK", "ARGUMENTS"])
    assert len([line for line in screen.getvalue().splitlines() if line.strip()]) == 2
    assert first in screen.getvalue()


def test_no_color_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    output.table(["STATE"], [["FAILURE"]])
    assert "\033[31m" not in screen.getvalue()
    assert output.styled("x", "red", screen) == "x"


def test_error_is_red_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, shown in ((Screen(), "\033[31merror: x\033[0m\n"), (io.StringIO(), "error: x\n")):
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        output.error("x")
        assert stream.getvalue() == shown


def test_dumb_terminal_has_no_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert output.styled("x", "red", Screen()) == "x"


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.json_line({"id": UUID(int=1), "text": "a\nü"})
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"id": str(UUID(int=1)), "text": "a\nü"}
    assert "ü" in line


@pytest.mark.parametrize("lines", [1, 100_000])
def test_reader_that_has_gone_is_no_error(lines: int) -> None:
    program = (
        "import sys\n"
        "from mog_cli import errors, output\n"
        "try:\n"
        f"    for number in range({lines}): output.data('a line')\n"
        "    output.finish()\n"
        "except output.ReaderGone as error: sys.exit(errors.report(error, verbose=False))"
    )
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run([sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")
