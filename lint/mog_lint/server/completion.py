"""What can be typed at a place: names of tasks where one is submitted, rules where one is silenced.

A text that is being typed is seldom Python, so what stands before the place is read as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types

from mog_lint.explain import summary_of
from mog_lint.rule import Rule
from mog_lint.rules import all_rules
from mog_lint.server.buffers import encode
from mog_lint.server.hover import rule_text
from mog_lint.server.look import Look
from mog_lint.server.submitting import makes_request, submits
from mog_lint.server.tasks import Known

TRIGGERS = ("'", '"', "[", ",", ".")
LOOK_BACK = 1_000  # characters before the place that are read
_TYPED = re.compile(r"""(?P<keyword>\bname\s*=\s*)?["'](?P<typed>[^"'\r\n]*)\Z""")
_STRING = re.compile(r"""(?P<quote>["'])(?:(?!(?P=quote))[^\\\r\n]|\\.)*(?P=quote)""")
_CALLEE = re.compile(r"(?P<name>[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*)\s*(?:\[[^\]\r\n]*\]\s*)?\Z")
_BRACKETS = {")": 1, "]": 1, "}": 1, "(": -1, "[": -1, "{": -1}
_IGNORED = re.compile(r"#\s*mog:\s*ignore\[(?:[^\]#\r\n]*[\s,])?(?P<typed>[\w-]*)\Z", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa:\s*(?:[^#\r\n]*[\s,])?(?P<typed>M\w*)\Z", re.IGNORECASE)


def completion(look: Look, position: types.Position) -> types.CompletionList:
    """Return what can be typed at a place."""
    offset = look.text.offset(position)
    before = look.document.content[max(offset - LOOK_BACK, 0) : offset]
    typed = _IGNORED.search(before) or _NOQA.search(before)
    if typed is not None:
        items = list(_rules(look, offset, len(typed["typed"]), offset - len(typed.group())))
    else:
        typed = _submitting(look, before)
        items = [] if typed is None else list(_tasks(look, offset, len(typed["typed"])))
    return types.CompletionList(is_incomplete=False, items=items)


def _submitting(look: Look, before: str) -> re.Match[str] | None:
    """Return the match of a text before the place that ends in the beginning of a task's name."""
    typed = _TYPED.search(before)
    opening = None if typed is None else _opening(before[: typed.start()])
    if typed is None or opening is None:
        return None
    callee = _CALLEE.search(before, 0, opening)
    if callee is None:
        return None
    name = "".join(callee["name"].split())
    look.project.analyse([look.document.path])
    project, path = look.project.session.project, look.document.path
    if typed["keyword"]:
        return typed if makes_request(project, path, name) else None
    is_first = not before[opening + 1 : typed.start()].strip()
    return typed if is_first and submits(project, path, name) else None


def _opening(before: str) -> int | None:
    """Return where the parenthesis opens that a text ends in, None where it ends in none."""
    before = _STRING.sub(lambda found: " " * len(found.group()), before)
    depth = 0
    for offset in range(len(before) - 1, -1, -1):
        depth += _BRACKETS.get(before[offset], 0)
        if depth < 0:
            return offset if before[offset] == "(" else None
    return None


def _tasks(look: Look, offset: int, typed: int) -> Iterator[types.CompletionItem]:
    place = look.text.range(offset - typed, offset)
    for name, tasks in sorted(look.catalogue.by_name.items()):
        yield types.CompletionItem(
            name,
            kind=types.CompletionItemKind.Function,
            detail=_detail(tasks[0]),
            text_edit=types.TextEdit(place, name),
        )


def _detail(known: Known) -> str:
    queue = "" if known.queue is None else f", queue {known.queue}"
    return f"task {known.task.function.qualname} of {known.path.name}{queue}"


def _rules(look: Look, offset: int, typed: int, comment: int) -> Iterator[types.CompletionItem]:
    """Yield all rules, those first that find something on the line of the comment."""
    place = look.text.range(offset - typed, offset)
    here = _found_without(look, comment)
    for rule in all_rules():
        yield _rule(rule, place, is_here=rule.code in here, look=look)


def _found_without(look: Look, comment: int) -> set[str]:
    """Return the codes of what is found on a line without its comment, which silences all while it is being typed."""
    number = look.text.position(comment).line
    start, line = look.text.line(number)
    content = look.document.content
    without = content[:comment].rstrip(" \t") + content[start + len(line) :]
    findings = look.project.findings_if(look.document.path, encode(without))
    return {item.code for item in findings if item.location.row <= number + 1 <= item.end_location.row}


def _rule(rule: Rule, place: types.Range, *, is_here: bool, look: Look) -> types.CompletionItem:
    return types.CompletionItem(
        rule.code,
        kind=types.CompletionItemKind.EnumMember,
        detail=f"{rule.name}: {summary_of(rule)}",
        documentation=look.markup(rule_text(rule)),
        preselect=is_here or None,
        sort_text=f"{0 if is_here else 1}{rule.code}",
        filter_text=f"{rule.code} {rule.name}",
        text_edit=types.TextEdit(place, rule.code),
    )
