"""All rules: their examples, and that each is whole."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mog_lint.errors import UnknownRuleError
from mog_lint.explain import explanation
from mog_lint.rule import Bad, Good, Rule
from mog_lint.rules import all_rules, find_rule
from mog_lint.testing import cases, check_example

FAMILIES = {"linter": "0", "declaration": "1", "loop": "2", "interruption": "3", "long_running": "4"}

every_rule = pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)


@pytest.mark.parametrize(
    ("rule", "example"), [pytest.param(*case, id=f"{case[0].code}-{case[1].name}") for case in cases()]
)
def test_example(rule: Rule, example: Good, tmp_path: Path) -> None:
    check_example(rule, example, tmp_path)


@every_rule
def test_rule_is_whole(rule: Rule) -> None:
    assert re.fullmatch(r"MOG\d{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
    assert any(isinstance(example, Bad) for example in rule.examples)
    assert any(not isinstance(example, Bad) for example in rule.examples)
    names = [example.name for example in rule.examples]
    assert len(names) == len(set(names))


@every_rule
def test_rule_stands_in_the_file_and_family_of_its_name(rule: Rule) -> None:
    _, _, family, module = type(rule).__module__.split(".")
    assert module == rule.name.replace("-", "_")
    assert rule.code.startswith(f"MOG{FAMILIES[family]}")


@every_rule
def test_each_kind_of_fix_has_an_example(rule: Rule) -> None:
    shown = {example.applicability for example in rule.examples if isinstance(example, Bad) and example.fixed}
    assert shown == set(rule.fixes)


@every_rule
def test_documentation_has_all_its_headings(rule: Rule) -> None:
    headings = re.findall(r"^## (.*)$", explanation(rule), re.MULTILINE)
    assert [heading for heading in headings if heading != "Options"] == [
        "What it does",
        "Why",
        "Example",
        "Use instead",
        "Tried cases",
    ]


def test_codes_and_names_are_unique() -> None:
    words = [word for rule in all_rules() for word in (rule.code, rule.name)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("word", ["MOG101", "mog101", "task-name-missing", " MOG101 "])
def test_a_rule_is_found_by_code_or_name(word: str) -> None:
    assert find_rule(word).code == "MOG101"


@pytest.mark.parametrize(
    ("word", "hint"),
    [("task-name-mising", "did you mean task-name-missing?"), ("mog1o2", "did you mean MOG10"), ("x", "`mog rules`")],
)
def test_an_unknown_rule_names_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(UnknownRuleError, match=re.escape(hint)):
        find_rule(word)


def test_an_example_that_does_not_hold_is_told(tmp_path: Path) -> None:
    named = 'from mog import task\n@task(name="x")\nasync def resize(context): ...\n'
    with pytest.raises(AssertionError, match="expected"):
        check_example(find_rule("MOG101"), Bad("wrong", named, marked=("task",)), tmp_path)
    with pytest.raises(AssertionError, match="expected no finding"):
        check_example(find_rule("MOG101"), Good("wrong", named.replace('(name="x")', "")), tmp_path)
    bad = Bad("wrong", named.replace('(name="x")', ""), marked=("task",), fixed=named)
    with pytest.raises(AssertionError, match="fixed to"):
        check_example(find_rule("MOG101"), bad, tmp_path)


def test_listing_and_explaining_rules_is_fast_to_import() -> None:
    program = (
        "import sys, mog_lint, mog_lint.explain, mog_lint.formats\n"
        "mog_lint.explain.explain('MOG101')\n"
        "print({'libcst', 'pathspec', 'typer', 'rich', 'pydantic'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout == "set()\n"
