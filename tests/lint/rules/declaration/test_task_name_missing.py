"""MOG101, beyond its examples."""

import pytest
from tests.lint.scratch import ScratchProject

from mog_lint.findings import Applicability


def fix_message(project: ScratchProject, lines: str, function: str = "def resize(context): ...") -> str:
    project.write("tasks.py", f"from mog import task\n{lines}\n{function}\n")
    (finding,) = project.lint()
    assert finding.fix is not None
    return f"{finding.fix.applicability}: {finding.fix.message}"


def test_a_decorator_below_may_rename_the_function(project: ScratchProject) -> None:
    doubt = 'unsafe: write "tasks.resize" if that is its name today; a decorator below may rename the function'
    assert fix_message(project, "@task\n@retried") == doubt
    assert fix_message(project, "@logged\n@task()") == 'safe: write the name that it has today: "tasks.resize"'


def test_names_are_normalised_as_python_does(project: ScratchProject) -> None:
    assert '"tasks.file"' in fix_message(project, "@task", "def ﬁle(context): ...")


@pytest.mark.parametrize("arguments", ["name=None", "name=None, queue='x'", "queue='x', priority=3", ""])
def test_missing(project: ScratchProject, arguments: str) -> None:
    assert "tasks.resize" in fix_message(project, f"@task({arguments})")


def test_a_task_of_two_apps_is_told_twice(project: ScratchProject) -> None:
    text = "from mog import App\na, b = App('a'), App('b')\none = App('a')\ntwo = App('b')\n"
    project.write("tasks.py", f"{text}@one.task\n@two.task\ndef resize(context): ...\n")
    findings = project.lint()
    assert [finding.location.row for finding in findings] == [5, 6]
    assert [finding.fix and finding.fix.applicability for finding in findings] == [
        Applicability.UNSAFE,
        Applicability.SAFE,
    ]
