"""MOG002 blanket-suppression."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Severity
from mog_lint.rule import Bad, Good, Report, Rule, RuleContext


class BlanketSuppression(Rule):
    """A comment that silences all rules at once.

    What it does
    ------------
    Reports `# mog: ignore` without a list of rules.

    Why
    ---
    It also silences what nobody has seen yet. Name the rule and give the reason: `# mog: ignore[MOG101] reason`.
    """

    code = "MOG002"
    name = "blanket-suppression"
    severity = Severity.WARNING
    runs_last = True
    examples = (
        Bad(
            "no rule named",
            "from mog import task\n\n\n@task  # mog: ignore\nasync def resize(context): ...\n",
            marked=("# mog: ignore",),
        ),
        Good(
            "rule named",
            "from mog import task\n\n\n@task  # mog: ignore[MOG101] lives in one process\n"
            "async def resize(context): ...\n",
        ),
        Good("other tools' own", "import os  # pylint: disable=all\n"),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report suppressions without rules."""
        for suppression in context.module.summary.suppressions:
            if not suppression.rules:
                message = "this silences all rules: name the one that is meant, as in `# mog: ignore[MOG101] reason`"
                yield Report((suppression.start, suppression.end), message)
