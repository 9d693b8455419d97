"""MOG001 unused-suppression."""

from __future__ import annotations

from collections.abc import Iterator

from mog_lint.findings import Applicability, Severity
from mog_lint.rule import Bad, FixPlan, Good, Report, Rule, RuleContext, TextEdit
from mog_lint.suppress import Unused


class UnusedSuppression(Rule):
    """A comment that silences a rule where that rule has nothing to say.

    What it does
    ------------
    Reports each rule that `# mog: ignore[…]` or `# noqa: MOG…` names and that found nothing on that line, and each
    word there that names no rule. Rules that did not run are not judged. A suppression counts for findings that
    touch its own line.

    Why
    ---
    A suppression that outlives its reason will silence the next, real finding on that line. One that is misspelt
    silences nothing.
    """

    code = "MOG001"
    name = "unused-suppression"
    severity = Severity.WARNING
    fixes = (Applicability.SAFE,)
    runs_last = True
    examples = (
        Bad(
            "nothing to silence",
            'from mog import task\n\n\n@task(name="shop.resize")  # mog: ignore[MOG101] named below\n'
            "async def resize(context): ...\n",
            marked=("# mog: ignore[MOG101] named below",),
            fixed='from mog import task\n\n\n@task(name="shop.resize")\nasync def resize(context): ...\n',
        ),
        Bad(
            "beside another tool's code",
            "import os  # noqa: F401, MOG101 for what it does\n",
            marked=("MOG101",),
            fixed="import os  # noqa: F401 for what it does\n",
        ),
        Bad(
            "misspelt",
            "import os  # mog: ignore[task-name-mising]\n",
            marked=("# mog: ignore[task-name-mising]",),
            fixed="import os\n",
        ),
        Good(
            "silences a finding",
            "from mog import task\n\n\n@task  # mog: ignore[MOG101] lives in one process\n"
            "async def resize(context): ...\n",
        ),
    )

    def check(self, context: RuleContext) -> Iterator[Report]:
        """Report what the other rules left unused."""
        for unused in context.unused:
            if len(unused.rules) == len(unused.suppression.rules) and unused.suppression.cut is not None:
                place = (unused.suppression.start, unused.suppression.end)
                yield _report(unused, place, unused.suppression.cut)
            else:
                for item in unused.rules:
                    yield _report(Unused(unused.suppression, (item,), unused.unknown), (item.start, item.end), item.cut)


def _report(unused: Unused, place: tuple[int, int], cut: tuple[int, int]) -> Report:
    words = ", ".join(item.rule for item in unused.rules)
    if all(item.rule in unused.unknown for item in unused.rules):
        message = f"this suppression names no rule: {words}"
    else:
        message = f"nothing to suppress here: {words}"
    return Report(place, message, FixPlan("remove it", Applicability.SAFE, (TextEdit(*cut, ""),)))
