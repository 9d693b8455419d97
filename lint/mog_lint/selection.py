"""Which rules run, and in which files: `select`, `extend-select`, `ignore` and `per-file-ignores`."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from mog_lint.config import ALL, LintConfig
from mog_lint.errors import ConfigError, did_you_mean
from mog_lint.rule import Rule
from mog_lint.rules import all_rules


class Selection:
    """The rules that a configuration asks for. Raises ConfigError for a selector that names no rule."""

    def __init__(self, config: LintConfig) -> None:
        chosen = _matching((*config.select, *config.extend_select)) - _matching(config.ignore)
        self.root = config.root
        self.rules = tuple(rule for rule in all_rules() if rule.code in chosen)
        self.per_file = tuple((pattern, _matching(selectors)) for pattern, selectors in config.per_file_ignores)

    def rules_for(self, path: Path) -> tuple[Rule, ...]:
        """Return the rules that count in a file."""
        if not self.per_file:
            return self.rules
        ignored = {code for pattern, codes in self.per_file if self._matches(path, pattern) for code in codes}
        return tuple(rule for rule in self.rules if rule.code not in ignored)

    def _matches(self, path: Path, pattern: str) -> bool:
        """Match as ruff does: the file's name, or its path below the project, where `*` crosses slashes."""
        relative = path.relative_to(self.root).as_posix() if self.root in path.parents else path.as_posix()
        return fnmatchcase(path.name, pattern) or fnmatchcase(relative, pattern)


def _matching(selectors: Iterable[str]) -> frozenset[str]:
    codes: set[str] = set()
    for selector in selectors:
        matched = {rule.code for rule in all_rules() if _matches_rule(selector, rule)}
        if not matched:
            known = [word for rule in all_rules() for word in (rule.code, rule.name)]
            hint = did_you_mean(selector, known) or "; `mog rules` lists them"
            raise ConfigError(f"no rule is selected by {selector!r}{hint}")
        codes |= matched
    return frozenset(codes)


def _matches_rule(selector: str, rule: Rule) -> bool:
    upper = selector.upper()
    return upper == ALL or selector == rule.name or (upper.startswith("MOG") and rule.code.startswith(upper))
