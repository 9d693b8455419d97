"""What an editor shows of the thing under the pointer: a rule's text, or a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lsprotocol import types

from mog_lint.explain import explanation
from mog_lint.model.source import Span
from mog_lint.rule import Rule
from mog_lint.rules import find_rule
from mog_lint.server.comments import rules_named
from mog_lint.server.look import Look
from mog_lint.server.tasks import Known, Place, Use

MOST_USES = 10  # that are listed; the editor's list of references has them all
_CASES = "\n## Tried cases\n"
_RULE = "\n\n---\n\n"


def hover(look: Look, position: types.Position, check: Callable[[], None]) -> types.Hover | None:
    """Return what is known of a place: a rule that a comment names, a task, or the rules of the findings there."""
    offset = look.text.offset(position)
    for named, rule in rules_named(look.document.content):
        if named.start <= offset <= named.end:
            return _shown(look, rule_text(rule), Span(named.start, named.end))
    pointed = look.catalogue.at(look.document.path, look.document.content, offset)
    spans = [] if pointed is None else [pointed.span]
    parts = [] if pointed is None else [task_text(look, known, check) for known in pointed.tasks]
    for code, span in _findings_at(look, offset).items():
        spans.append(span)
        parts.append(rule_text(find_rule(code)))
    return _shown(look, _RULE.join(parts), spans[0]) if parts else None


def rule_text(rule: Rule) -> str:
    """Return a rule's page without the list of cases that were tried."""
    return explanation(rule).partition(_CASES)[0].rstrip() + "\n"


def task_text(look: Look, known: Known, check: Callable[[], None]) -> str:
    """Return what there is to know of a task: its signature, its queue, where it is declared and who submits it."""
    declared = look.catalogue.declaration(known)
    lines = [f"**{known.names[0] if known.names else known.task.function.qualname}**", ""]
    if declared is not None:
        lines += ["```python", declared[1].head, "```", ""]
    lines.append(f"- queue: `{known.queue}`" if known.queue else "- queue: that of the request or of the app")
    if len(known.names) > 1:
        lines.append(f"- also known as: {', '.join(f'`{name}`' for name in known.names[1:])}")
    if declared is not None:
        lines.append(f"- declared in {_link(look, declared[0])}")
    submits = [use for use in look.catalogue.uses((known,), check) if use.submits]
    lines += ["", *_submitters(look, submits)]
    return "\n".join(lines)


def _submitters(look: Look, uses: list[Use]) -> Iterator[str]:
    if not uses:
        yield "Nothing in this project submits it by name or by its function."
        return
    yield "Submitted by:"
    yield ""
    for use in uses[:MOST_USES]:
        where = f" in `{use.function}`" if use.function else ""
        yield f"- {_link(look, use.place)}{where}"
    if len(uses) > MOST_USES:
        yield f"- and {len(uses) - MOST_USES} more"


def _link(look: Look, place: Place) -> str:
    """Return a place as text, and as a link where the editor shows links."""
    location = look.location(place)
    root = look.project.config.root
    name = (place.path.relative_to(root) if root in place.path.parents else place.path).as_posix()
    row = location.range.start.line + 1
    return f"[{name}:{row}]({location.uri}#L{row})" if look.client.markdown else f"{name}:{row}"


def _findings_at(look: Look, offset: int) -> dict[str, Span]:
    """Return the codes of the findings that touch an offset, each with the first one's span."""
    found: dict[str, Span] = {}
    for finding, span in look.findings_at(offset, offset):
        found.setdefault(finding.code, span)
    return found


def _shown(look: Look, text: str, span: Span) -> types.Hover:
    return types.Hover(look.markup(text), look.text.range(span.start, span.end))
