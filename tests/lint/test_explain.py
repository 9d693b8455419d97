"""The text of `mog explain`, and the pages made of it."""

from pathlib import Path

import pytest

from mog_lint.errors import UnknownRuleError
from mog_lint.explain import explain, pages, summary_of, write_pages
from mog_lint.rules import find_rule


def test_a_page_shows_the_example_and_its_fix() -> None:
    text = explain("task-name-missing")
    assert text.startswith("# MOG101 task-name-missing\n\nA task without a name of its own.\n")
    assert "Severity: error. Fix: safe or unsafe." in text
    assert '@task(name="tasks.resize")' in text.partition("## Use instead")[2]
    assert text.endswith("- own decorator: silent\n")


def test_without_a_fix_a_silent_example_shows_what_to_do() -> None:
    assert "lives in one process" in explain("MOG002").partition("## Use instead")[2]


def test_unknown_rule() -> None:
    with pytest.raises(UnknownRuleError, match="no rule is called 'MOG999'"):
        explain("MOG999")


def test_summary_is_one_sentence() -> None:
    assert summary_of(find_rule("MOG000")) == "A file that cannot be linted."


def test_pages_of_rules_that_are_gone_are_removed(tmp_path: Path) -> None:
    target = tmp_path / "rules"
    write_pages(target)
    (target / "MOG999.md").write_text("gone")
    write_pages(target)
    assert {file.name for file in target.iterdir()} == set(pages())
    assert "| [MOG101](MOG101.md) | task-name-missing | error | safe or unsafe |" in (target / "index.md").read_text()
