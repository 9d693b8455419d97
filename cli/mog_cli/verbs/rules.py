"""`mog rules`: the rules of the linter."""

from __future__ import annotations

from mog_cli import output
from mog_cli.options import Json, Verbose


def rules(as_json: Json = False, _verbose: Verbose = False) -> None:
    """List the linter's rules."""
    from mog_lint.explain import summary_of
    from mog_lint.rules import all_rules

    listed = [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": str(rule.severity),
            "fix": " or ".join(rule.fixes) or None,
            "summary": summary_of(rule),
        }
        for rule in all_rules()
    ]
    if as_json:
        for rule in listed:
            output.json_line(rule)
    else:
        columns = ("CODE", "NAME", "SEVERITY", "FIX", "SUMMARY")
        output.table(
            columns, [[rule[column.lower()] or "-" for column in columns] for rule in listed], elastic=("SUMMARY",)
        )
