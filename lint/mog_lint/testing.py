"""Runs a rule's examples: the tests of mog's own rules, and of yours.

@pytest.mark.parametrize(("rule", "example"), cases())
def test_example(rule, example, tmp_path):
    check_example(rule, example, tmp_path)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from mog_lint.config import LintConfig
from mog_lint.engine import lint_paths
from mog_lint.findings import Finding
from mog_lint.fixes import apply_fixes
from mog_lint.model.source import Source, read_source
from mog_lint.rule import Bad, Good, Rule
from mog_lint.rules import all_rules


def cases(rules: Iterable[Rule] | None = None) -> Iterator[tuple[Rule, Good]]:
    """Yield each rule with each of its examples."""
    for rule in all_rules() if rules is None else rules:
        for example in rule.examples:
            yield rule, example


def check_example(rule: Rule, example: Good, directory: Path) -> None:
    """Assert that a rule says about an example what the example promises.

    The example's files are written to `directory`. A Good one gives no finding. A Bad one gives exactly the marked
    ones; its fix has the applicability and the result that it names, and that result is clean of the rule.
    """
    path = _write(example, directory)
    findings = _lint(rule, example, directory, path)
    source = read_source(path.read_bytes())
    if not isinstance(example, Bad):
        assert not findings, f"{example.name}: expected no finding, found {[item.message for item in findings]}"
        return
    assert isinstance(source, Source), "an example is text"
    marked = tuple(_marked(source, finding) for finding in findings)
    assert marked == example.marked, f"{example.name}: expected {example.marked}, found {marked}"
    if example.fixed is None:
        assert not [finding for finding in findings if finding.fix], f"{example.name}: a fix that no example shows"
        return
    assert {finding.fix and finding.fix.applicability for finding in findings} == {example.applicability}, example.name
    after, _ = apply_fixes(path.read_bytes(), findings, unsafe=True)
    assert after.decode() == example.fixed, f"{example.name}: fixed to\n{after.decode()}"
    path.write_bytes(after)
    assert not _lint(rule, example, directory, path), f"{example.name}: the fix leaves the finding"


def _write(example: Good, directory: Path) -> Path:
    files = {"pyproject.toml": "", **example.files, example.path: example.source}
    for name, content in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode())
    return directory / example.path


def _lint(rule: Rule, example: Good, directory: Path, path: Path) -> list[Finding]:
    """Lint with all rules, so that what they leave unused is known, and keep those of one."""
    options: dict[str, Any] = dict(example.config)
    config = replace(LintConfig(root=directory, has_project=True), **options)
    return [finding for finding in lint_paths([path], config) if finding.code == rule.code]


def _marked(source: Source, finding: Finding) -> str:
    starts = source.line_starts
    start = starts[finding.location.row - 1] + finding.location.column - 1
    end = starts[finding.end_location.row - 1] + finding.end_location.column - 1
    return source.text[start:end]
