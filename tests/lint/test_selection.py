"""Which rules run, and where."""

from dataclasses import replace
from pathlib import Path

import pytest

from mog_lint.config import LintConfig
from mog_lint.errors import ConfigError
from mog_lint.rules import all_rules
from mog_lint.selection import Selection

CONFIG = LintConfig(root=Path("/project"))


def codes(config: LintConfig) -> list[str]:
    return [rule.code for rule in Selection(config).rules]


def test_all_rules_by_default() -> None:
    assert codes(CONFIG) == [rule.code for rule in all_rules()]


@pytest.mark.parametrize("selector", ["MOG101", "mog101", "task-name-missing"])
def test_by_code_or_name(selector: str) -> None:
    assert codes(replace(CONFIG, select=(selector,))) == ["MOG101"]


def test_by_prefix() -> None:
    chosen = codes(replace(CONFIG, select=("MOG1",)))
    assert chosen == [rule.code for rule in all_rules() if rule.code.startswith("MOG1")]


def test_ignore_wins_and_extend_adds() -> None:
    config = replace(CONFIG, select=("MOG0",), extend_select=("MOG101",), ignore=("MOG001", "blanket-suppression"))
    assert codes(config) == ["MOG000", "MOG101"]


@pytest.mark.parametrize("key", ["select", "extend_select", "ignore"])
def test_a_selector_that_names_no_rule(key: str) -> None:
    with pytest.raises(ConfigError, match=r"no rule is selected by 'MOG10l' \(did you mean MOG10\d\?\)"):
        Selection(replace(CONFIG, **{key: ("MOG10l",)}))
    with pytest.raises(ConfigError, match=r"'E501'.*mog rules"):
        Selection(replace(CONFIG, **{key: ("E501",)}))


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [
        ("tests/*", "/project/tests/deep/test_a.py", True),
        ("test_*.py", "/project/tests/deep/test_a.py", True),
        ("tests/*", "/project/app/tests.py", False),
        ("*.py", "/elsewhere/a.py", True),
    ],
)
def test_per_file(pattern: str, path: str, ignored: bool) -> None:
    selection = Selection(replace(CONFIG, per_file_ignores=((pattern, ("MOG101",)),)))
    assert ("MOG101" not in [rule.code for rule in selection.rules_for(Path(path))]) is ignored
