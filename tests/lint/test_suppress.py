"""Comments that silence rules."""

import pytest
from tests.lint.scratch import ScratchProject

from mog_lint.findings import Applicability
from mog_lint.fixes import apply_fixes

DECLARATION = "from mog import task\n@task{comment}\nasync def resize(context): ...\n"


@pytest.mark.parametrize(
    "comment",
    [
        "# mog: ignore[MOG101]",
        "# mog: ignore[MOG101] with a reason",
        "#mog:ignore[mog101]",
        "# mog: ignore[task-name-missing]",
        "# noqa: MOG101",
        "# noqa: E501, MOG101",
        "# NOQA:MOG101 reason",
        "# type: ignore # mog: ignore[MOG101]",
    ],
)
def test_silenced(project: ScratchProject, comment: str) -> None:
    project.write("tasks.py", DECLARATION.format(comment=f"  {comment}"))
    assert project.codes() == []


@pytest.mark.parametrize(
    "comment",
    ["# noqa", "# noqa: E501", "# mog: ignored", "# mog", "# MOG101", "# mog: ignore-me[MOG101]", "# noqa: MOG101x"],
)
def test_not_silenced(project: ScratchProject, comment: str) -> None:
    project.write("tasks.py", DECLARATION.format(comment=f"  {comment}"))
    assert project.codes() == ["MOG101"]


def test_text_is_no_comment(project: ScratchProject) -> None:
    text = 'from mog import task\n@task(queue="# mog: ignore[MOG101]")\nasync def resize(context): ...\n'
    project.write("tasks.py", text)
    assert project.codes() == ["MOG101"]


def test_any_line_of_what_is_reported_counts(project: ScratchProject) -> None:
    for row in range(3):
        lines = ["@task(", '    queue="x",', ")"]
        lines[row] += "  # mog: ignore[MOG101]"
        project.write("tasks.py", "\n".join(["from mog import task", *lines, "async def resize(context): ..."]))
        assert project.codes() == []


def test_the_line_above_does_not_count(project: ScratchProject) -> None:
    text = "from mog import task\n# mog: ignore[MOG101]\n@task\nasync def resize(context): ...\n"
    project.write("tasks.py", text)
    assert project.codes() == ["MOG001", "MOG101"]


def test_blanket_silences_all_but_the_rule_about_it(project: ScratchProject) -> None:
    project.write("tasks.py", DECLARATION.format(comment="  # mog: ignore"))
    assert project.codes() == ["MOG002"]
    project.write("tasks.py", DECLARATION.format(comment="  # mog: ignore # mog: ignore[MOG002] generated"))
    assert project.codes() == []


def test_rules_that_did_not_run_are_not_judged(project: ScratchProject) -> None:
    project.write("pyproject.toml", '[tool.mog.lint]\nignore = ["MOG101"]\n')
    project.write("tasks.py", DECLARATION.format(comment="  # mog: ignore[MOG101]"))
    assert project.codes() == []


def test_an_unused_suppression_outside_of_task_code_is_found(project: ScratchProject) -> None:
    project.write("helpers.py", "import os  # noqa: MOG101\n")
    assert project.codes() == ["MOG001"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import os  # mog: ignore[MOG101] reason\n", "import os\n"),
        ("import os  # type: ignore  # mog: ignore[MOG101]\n", "import os  # type: ignore\n"),
        ("import os  # mog: ignore[MOG101]  # type: ignore\n", "import os  # type: ignore\n"),
        ("import os  # noqa: MOG101\r\n", "import os\r\n"),
        ("import os  # noqa: MOG101 - reason\n", "import os\n"),
        ("import os  # noqa: MOG101 reason # type: ignore\n", "import os # type: ignore\n"),
        ("import os  # noqa: MOG101 see #12\n", "import os #12\n"),
        ("import os  # noqa: MOG101, E501\n", "import os  # noqa: E501\n"),
        ("import os  # noqa: E501 MOG101\n", "import os  # noqa: E501\n"),
        ("import os  # noqa: E501,MOG101,F401 reason\n", "import os  # noqa: E501,F401 reason\n"),
        ("    # mog: ignore[nonsense]\nx = 1\n", "\nx = 1\n"),
    ],
)
def test_unused_suppressions_are_removed(project: ScratchProject, before: str, after: str) -> None:
    file = project.write("helpers.py", before)
    findings = project.lint()
    assert [(finding.code, finding.fix and finding.fix.applicability) for finding in findings] == [
        ("MOG001", Applicability.SAFE)
    ]
    assert apply_fixes(file.read_bytes(), findings)[0].decode() == after


def test_of_several_rules_the_unused_one_is_removed(project: ScratchProject) -> None:
    file = project.write("tasks.py", DECLARATION.format(comment="  # mog: ignore[MOG002, MOG101, nonsense] reason"))
    findings = project.lint()
    assert [finding.message for finding in findings] == ["this suppression names no rule: nonsense"]
    fixed, _ = apply_fixes(file.read_bytes(), findings)
    assert fixed.decode() == DECLARATION.format(comment="  # mog: ignore[MOG002, MOG101] reason")
