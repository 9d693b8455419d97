"""Comments that silence a finding."""

import textwrap
from dataclasses import replace

import pytest
from tests.lint.scratch import ScratchProject

from mog_lint.findings import Finding, Location
from mog_lint.ignoring import ignore_edit
from mog_lint.model.source import Source, read_source


def source_of(text: str) -> Source:
    source = read_source(text.encode())
    assert isinstance(source, Source)
    return source


def silenced(project: ScratchProject, text: str) -> str:
    """Return a text after the first finding was silenced, and assert that it is."""
    project.select = ("MOG2",)
    source = source_of(textwrap.dedent(text))
    path = project.write("tasks.py", source.text)
    (finding, *rest) = project.lint()
    edit = ignore_edit(source, finding, "as it was")
    assert edit is not None
    after = source.text[: edit.start] + edit.content + source.text[edit.end :]
    path.write_text(after)
    assert len(project.lint()) == len(rest)
    return after


CALL = "import time\nasync def load():\n    time.sleep(1)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "  # mog: ignore[MOG201] as it was"),
        ("   ", "  # mog: ignore[MOG201] as it was"),
        ("; x = '# mog: ignore[MOG101]'", "; x = '# mog: ignore[MOG101]'  # mog: ignore[MOG201] as it was"),
        ("  # a while", "  # a while  # mog: ignore[MOG201] as it was"),
        ("  # noqa: F401", "  # noqa: F401  # mog: ignore[MOG201] as it was"),
        ("  # mog: ignore[MOG210] why", "  # mog: ignore[MOG210, MOG201] why"),
    ],
)
def test_the_comment_stands_at_the_end_of_the_line(project: ScratchProject, before: str, after: str) -> None:
    assert silenced(project, CALL + before + "\n") == CALL + after + "\n"


def test_a_last_line_without_an_end(project: ScratchProject) -> None:
    assert silenced(project, CALL).endswith("time.sleep(1)  # mog: ignore[MOG201] as it was")


def test_line_ends_are_kept(project: ScratchProject) -> None:
    text = silenced(project, CALL.replace("\n", "\r\n") + "\r\n")
    assert text.endswith("time.sleep(1)  # mog: ignore[MOG201] as it was\r\n")


def test_a_line_that_ends_inside_a_text_is_passed_over(project: ScratchProject) -> None:
    text = silenced(project, 'import requests\nasync def load():\n    requests.get("""a\nb""")\n')
    assert 'get("""a\nb""")  # mog: ignore' in text


def test_a_line_that_ends_with_a_backslash_is_passed_over(project: ScratchProject) -> None:
    text = silenced(project, "import requests\nasync def load():\n    requests \\\n    .get('a')\n")
    assert "requests \\\n    .get('a')  # mog: ignore" in text


def finding_in(rows: tuple[int, int], project: ScratchProject) -> Finding:
    project.select = ("MOG2",)
    project.write("tasks.py", CALL)
    return replace(project.lint()[0], location=Location(rows[0], 1), end_location=Location(rows[1], 1))


@pytest.mark.parametrize("text", ['x = """\n\n"""\n', "x = 1 \\\n + 2\n", 'x = f"""{\n1}\n"""\n', "x = (\n"])
def test_where_no_line_can_carry_a_comment_there_is_none(project: ScratchProject, text: str) -> None:
    assert ignore_edit(source_of(text), finding_in((1, 1), project)) is None
