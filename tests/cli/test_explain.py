import json
from collections.abc import Callable
from typing import Any

import pytest

from mog_lint.rules import all_rules


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_every_rule_is_explained(mog: Callable[..., Any], rule: Any) -> None:
    by_code, by_name = mog("explain", rule.code.lower()), mog("explain", rule.name)
    assert (by_code.code, by_code.err) == (0, "")
    assert by_code.out == by_name.out
    assert by_code.out.startswith(f"# {rule.code} {rule.name}\n")


def test_as_json(mog: Callable[..., Any]) -> None:
    explained = json.loads(mog("explain", "MOG101", "--json").out)
    assert (explained["code"], explained["name"], explained["severity"]) == ("MOG101", "task-name-missing", "error")
    assert explained["text"] == mog("explain", "MOG101").out


def test_a_rule_that_is_not_there(mog: Callable[..., Any]) -> None:
    ended = mog("explain", "task-name-missin")
    assert (ended.code, ended.out) == (2, "")
    assert "no rule is called 'task-name-missin' (did you mean task-name-missing?)" in ended.err
