"""Codes in suppression comments."""

import pytest

from mog_lint.server.comments import rules_named


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x = 1  # mog: ignore[MOG201] why", ["MOG201"]),
        ("x = (  # mog: ignore[blocking-call, MOG101]", ["blocking-call", "MOG101"]),
        ("x  # noqa: F401, MOG202 why", ["MOG202"]),
        ("x  # noqa: F401  # mog: ignore[mog203]\ny  # mog: ignore[MOG201]", ["mog203", "MOG201"]),
        ("# coding: latin-1\nü  # mog: ignore[MOG201]\r\n", ["MOG201"]),
        ("x  # mog: ignore[MOG999]", []),
        ("x  # mog: ignore", []),
        ("x = 1", []),
    ],
)
def test_rules_are_found_also_where_the_text_is_not_python(text: str, named: list[str]) -> None:
    found = list(rules_named(text))
    assert [text[item.start : item.end] for item, _ in found] == named
    assert all(item.rule.lower() in (rule.code.lower(), rule.name) for item, rule in found)
