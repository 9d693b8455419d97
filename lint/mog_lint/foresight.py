"""What will likely be wanted of a file's tree, while it is at hand: what the rules say of the file when it is alone."""

from __future__ import annotations

from pathlib import Path

from mog_lint.config import LintConfig
from mog_lint.model.layout import ModuleName
from mog_lint.model.project import Module, Project
from mog_lint.model.summary import Summary
from mog_lint.noting import Wanted
from mog_lint.rule import RuleContext
from mog_lint.rules import all_rules
from mog_lint.views import Views


def foreseen(summary: Summary) -> Wanted:
    """Return what the findings of a file need if neither the project nor its configuration adds to them."""
    module = Module(Path("module.py"), ModuleName(("module",)), summary)
    context = RuleContext(module, Views(Project([module]), LintConfig(root=Path())))
    wanted = Wanted()
    for rule in all_rules():
        for report in rule.check(context):
            if isinstance(report.place, int):
                wanted.add(report.place, report.fix)
            wanted.sites.update(step.site for step in report.chain)
    return wanted
