"""`mog explain`: what a rule of the linter means."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mog_cli import output
from mog_cli.options import Json, Verbose


def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its code or name, such as MOG101.")],
    as_json: Json = False,
    _verbose: Verbose = False,
) -> None:
    """Explain a rule of the linter.

    What it finds, why that does harm, and what to write instead.
    """
    from mog_lint.explain import explanation
    from mog_lint.rules import find_rule

    found = find_rule(rule)
    text = explanation(found)
    if as_json:
        output.json_line({"code": found.code, "name": found.name, "severity": str(found.severity), "text": text})
    elif output.has_colors(sys.stdout):
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(text))
    else:
        output.text(text)
