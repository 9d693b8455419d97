import json
from collections.abc import Callable
from typing import Any

from mog_lint.rules import all_rules


def test_every_rule_is_listed(mog: Callable[..., Any]) -> None:
    ended = mog("rules")
    assert (ended.code, ended.err) == (0, "")
    assert [line.split()[:2] for line in ended.out.splitlines()[1:]] == [[rule.code, rule.name] for rule in all_rules()]


def test_as_json(mog: Callable[..., Any]) -> None:
    listed = [json.loads(line) for line in mog("rules", "--json").out.splitlines()]
    assert [rule["code"] for rule in listed] == [rule.code for rule in all_rules()]
    assert all(rule["summary"] and rule["severity"] for rule in listed)
