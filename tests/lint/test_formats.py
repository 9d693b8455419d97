"""What the user sees."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mog_lint.errors import UnknownFormatError
from mog_lint.findings import Applicability, Edit, Excerpt, Finding, Fix, Location, Related, Severity
from mog_lint.formats import Style, find_format, format_names

PLAIN = Style(Path("/project"))
FINDING = Finding(
    code="MOG101",
    name="task-name-missing",
    message="task `resize` has no name",
    filename="/project/shop/tasks.py",
    location=Location(9, 2),
    end_location=Location(9, 6),
    severity=Severity.ERROR,
    fix=Fix("name it", Applicability.SAFE, (Edit(5, 5, "(…)", Location(9, 6), Location(9, 6)),), "0" * 32),
    chain=(Related("called here", "/elsewhere/a.py", Location(3, 1), Location(3, 4)),),
    excerpt=Excerpt(8, ("", "@task", "async def resize(context): ...")),
)


def rendered(name: str, *findings: Finding, style: Style = PLAIN) -> str:
    return "".join(find_format(name)(findings, style))


def test_full() -> None:
    unsafe = replace(FINDING, severity=Severity.WARNING, chain=(), fix=replace(FINDING.fix, applicability="unsafe"))
    assert rendered("full", FINDING, unsafe) == (
        "error[MOG101] task `resize` has no name\n"
        "  --> shop/tasks.py:9:2\n"
        " 8 |\n"
        " 9 | @task\n"
        "   |  ^^^^\n"
        "10 | async def resize(context): ...\n"
        "   = called here (/elsewhere/a.py:3:1)\n"
        "   = fix: name it (--fix)\n"
        "\n"
        "warning[MOG101] task `resize` has no name\n"
        "  --> shop/tasks.py:9:2\n"
        " 8 |\n"
        " 9 | @task\n"
        "   |  ^^^^\n"
        "10 | async def resize(context): ...\n"
        "   = fix: name it (--fix --unsafe-fixes)\n"
        "\n"
    )


def test_full_in_colour_says_the_same() -> None:
    colored = rendered("full", FINDING, style=Style(Path("/project"), color=True))
    assert "\x1b[1;31merror[MOG101]\x1b[0m" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == rendered("full", FINDING)


@pytest.mark.parametrize(
    ("line", "start", "end", "shown", "underline"),
    [
        ("\tx = f()", 6, 9, "    x = f()", "        ^^^"),
        ("'日本' + f()", 8, 11, "'日本' + f()", "         ^^^"),
        ("'e\u0301' + f()", 8, 11, "'e\u0301' + f()", "      ^^^"),
        ("'\x1b[31m' + f()", 11, 14, "'\ufffd[31m' + f()", "          ^^^"),
        ("x", 2, 2, "x", " ^"),
        ("a" * 300, 200, 210, "a" * 160, " " * 160 + "^"),
    ],
)
def test_carets_stand_below_what_is_meant(line: str, start: int, end: int, shown: str, underline: str) -> None:
    finding = replace(
        FINDING,
        location=Location(1, start),
        end_location=Location(1, end),
        excerpt=Excerpt(1, (line,)),
        chain=(),
        fix=None,
    )
    _, _, source, carets, _, _ = rendered("full", finding).split("\n")
    assert (source, carets) == (f"1 | {shown}", f"  | {underline}")


def test_what_spans_lines_is_underlined_to_its_first_lines_end() -> None:
    finding = replace(
        FINDING, location=Location(8, 2), end_location=Location(10, 2), excerpt=Excerpt(8, ("@task(", ")"))
    )
    assert " 8 | @task(\n   |  ^^^^^\n 9 | )\n" in rendered("full", finding)


def test_concise() -> None:
    bare = replace(FINDING, fix=None, filename="/other/b.py")
    assert rendered("concise", FINDING, bare) == (
        "shop/tasks.py:9:2: MOG101 [*] task `resize` has no name\n/other/b.py:9:2: MOG101 task `resize` has no name\n"
    )


def test_json_has_the_field_names_of_ruff() -> None:
    place = {"row": 9, "column": 6}
    assert json.loads(rendered("json", FINDING)) == [
        {
            "code": "MOG101",
            "name": "task-name-missing",
            "message": "task `resize` has no name",
            "severity": "error",
            "filename": "/project/shop/tasks.py",
            "location": {"row": 9, "column": 2},
            "end_location": place,
            "fix": {
                "applicability": "safe",
                "message": "name it",
                "edits": [{"content": "(…)", "location": place, "end_location": place}],
            },
            "chain": [
                {
                    "message": "called here",
                    "filename": "/elsewhere/a.py",
                    "location": {"row": 3, "column": 1},
                    "end_location": {"row": 3, "column": 4},
                }
            ],
            "url": None,
        }
    ]
    assert len(json.loads(rendered("json", FINDING, replace(FINDING, fix=None, chain=())))) == 2


def test_json_lines() -> None:
    lines = rendered("json-lines", FINDING, FINDING).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(rendered("json", FINDING, FINDING))


def test_github() -> None:
    odd = replace(FINDING, severity=Severity.INFO, filename="/project/a,b:c.py", message="100 %\nsure: yes")
    assert rendered("github", FINDING, odd) == (
        "::error file=shop/tasks.py,line=9,col=2,endLine=9,endColumn=6,title=MOG101 task-name-missing"
        "::task `resize` has no name\n"
        "::notice file=a%2Cb%3Ac.py,line=9,col=2,endLine=9,endColumn=6,title=MOG101 task-name-missing"
        "::100 %25%0Asure: yes\n"
    )


def test_nothing_found() -> None:
    assert json.loads(rendered("json")) == []
    assert {rendered(name) for name in format_names() if name != "json"} == {""}


@pytest.mark.parametrize("name", format_names())
def test_every_format_renders_and_ends_its_last_line(name: str) -> None:
    assert rendered(name, FINDING).endswith("\n")


def test_unknown_format() -> None:
    with pytest.raises(UnknownFormatError, match=r"no format is called 'jsn' \(did you mean json\?\)"):
        find_format("jsn")
    with pytest.raises(UnknownFormatError, match="there are concise, full, github, json, json-lines"):
        find_format("xyz")
