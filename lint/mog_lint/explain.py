"""What a rule means, as text: for `mog explain`, the pages below docs/rules and the editor's hover alike.

The text is Markdown. It is built from the rule's docstring and from its examples, which are tests, so it cannot drift.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from mog_lint.rule import Bad, Good, Rule
from mog_lint.rules import all_rules, find_rule

_SECTION = re.compile(r"^(?P<title>\S.*)\n-{3,}\n", re.MULTILINE)


def explain(code_or_name: str) -> str:
    """Return the explanation of a rule. Raises UnknownRuleError."""
    return explanation(find_rule(code_or_name))


def explanation(rule: Rule) -> str:
    """Return a rule's page: summary, facts, What it does, Why, Example, Use instead, Options, all examples."""
    summary, sections = _docstring(rule)
    lines = [f"# {rule.code} {rule.name}", "", summary, "", _facts(rule), ""]
    for title in ("What it does", "Why"):
        lines += [f"## {title}", "", sections[title], ""]
    first = next(example for example in rule.examples if isinstance(example, Bad))
    lines += ["## Example", "", *_code(first.source), ""]
    instead = first.fixed or next(example.source for example in rule.examples if not isinstance(example, Bad))
    lines += ["## Use instead", "", *_code(instead), ""]
    if "Options" in sections:
        lines += ["## Options", "", sections["Options"], ""]
    lines += ["## Tried cases", "", *(_case(example) for example in rule.examples)]
    return "\n".join(lines).rstrip() + "\n"


def index() -> str:
    """Return the page that lists all rules."""
    rows = [
        f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.severity} | {_fix_words(rule)} |"
        for rule in all_rules()
    ]
    head = ["# Rules", "", "`mog explain CODE` shows the same pages in a terminal.", ""]
    return "\n".join([*head, "| code | name | severity | fix |", "|---|---|---|---|", *rows]) + "\n"


def pages() -> dict[str, str]:
    """Return the documentation of all rules: the name of each file below docs/rules, and its text."""
    return {"index.md": index()} | {f"{rule.code}.md": explanation(rule) for rule in all_rules()}


def write_pages(directory: Path) -> None:
    """Write the documentation of all rules, and remove pages of rules that are gone."""
    directory.mkdir(parents=True, exist_ok=True)
    written = pages()
    for stale in directory.glob("*.md"):
        if stale.name not in written:
            stale.unlink()
    for name, text in written.items():
        (directory / name).write_text(text, "utf-8")


def summary_of(rule: Rule) -> str:
    """Return the one sentence that says what a rule finds."""
    return _docstring(rule)[0]


def _docstring(rule: Rule) -> tuple[str, dict[str, str]]:
    text = inspect.cleandoc(type(rule).__doc__ or "")
    summary, *parts = _SECTION.split(text)
    sections = {title: body.strip() for title, body in zip(parts[::2], parts[1::2], strict=True)}
    return summary.strip(), sections


def _facts(rule: Rule) -> str:
    return f"Severity: {rule.severity}. Fix: {_fix_words(rule)}. Silence it with `# mog: ignore[{rule.code}] reason`."


def _fix_words(rule: Rule) -> str:
    return " or ".join(rule.fixes) if rule.fixes else "none"


def _code(source: str) -> Iterator[str]:
    yield from ("```python", *source.rstrip("\n").splitlines(), "```")


def _case(example: Good) -> str:
    verdict = "reported" if isinstance(example, Bad) else "silent"
    fixable = isinstance(example, Bad) and example.fixed is not None
    return f"- {example.name}: {verdict}{', fixable' if fixable else ''}"


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
