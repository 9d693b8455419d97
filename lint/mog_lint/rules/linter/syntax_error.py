"""MOG000 syntax-error."""

from __future__ import annotations

from mog_lint.findings import Severity
from mog_lint.rule import Bad, Good, Rule


class SyntaxErrorInFile(Rule):
    """A file that cannot be linted.

    What it does
    ------------
    Reports a file that does not parse, cannot be decoded or cannot be read. It is one finding, and all other files are
    linted as usual. The engine reports it; there is nothing else to know of such a file.

    Why
    ---
    A file that is silently left out looks as if it were clean. Newer syntax than that of the Python which runs `mog` is
    understood as far as libcst knows it.
    """

    code = "MOG000"
    name = "syntax-error"
    severity = Severity.ERROR
    examples = (
        Bad("open bracket", "async def resize(context, path:\n    return path\n", marked=("",)),
        Good("parses", "async def resize(context, path):\n    return path\n"),
    )
