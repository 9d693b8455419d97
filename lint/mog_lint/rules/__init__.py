"""The rules: each is one module below this package, found by walking it. A new rule is a new file, nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from mog_lint.errors import UnknownRuleError, did_you_mean
from mog_lint.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return one instance of each rule, by code."""
    found: list[Rule] = []
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        items = vars(importlib.import_module(module.name)).values()
        classes = (item for item in items if isinstance(item, type) and item.__module__ == module.name)
        found.extend(item() for item in classes if issubclass(item, Rule))
    return tuple(sorted(found, key=lambda rule: rule.code))


def find_rule(code_or_name: str) -> Rule:
    """Return the rule of this code or name, in any case. Raises UnknownRuleError with the nearest one known."""
    wanted = code_or_name.strip().lower()
    for rule in all_rules():
        if wanted in (rule.code.lower(), rule.name):
            return rule
    known = [word for rule in all_rules() for word in (rule.code, rule.name)]
    hint = did_you_mean(wanted.upper() if wanted.startswith("mog") else wanted, known) or "; `mog rules` lists them"
    raise UnknownRuleError(f"no rule is called {code_or_name!r}{hint}")
