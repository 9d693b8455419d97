"""What can be typed at a place: names of tasks where one is submitted, rules where one is silenced.

A text that is being typed is seldom Python, so what stands before the place is read as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types

from mog_lint.explain import summary_of
from mog_lint.model.summary import Symbols
from mog_lint.model.tasks import TASK_API
from mog_lint.rule import Rule
from mog_lint.rules import all_rules
from mog_lint.server.hover import rule_text
from mog_lint.server.look import Look
from mog_lint.server.mentions import REQUEST, SUBMIT
from mog_lint.server.tasks import Known

TRIGGERS = ("'", '"', "[", ",", ".")
LOOK_BACK = 1_000  # characters before the place that are read
USUAL_NAMES = frozenset({"app", "context", "ctx", "self.app", "self.context"})  # of what submits, where no import tells
_TEXT = r"""(?P<quote>["'])(?P<typed>[^"'\r\n]*)\Z"""
_CALLED = r"(?P<callee>[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*)(?:\[[^\]\r\n]*\])?\s*\(\s*"
_NAME_ARGUMENT = re.compile(rf"{_CALLED}(?:[^()]*,\s*)?name\s*=\s*{_TEXT}")
_FIRST_ARGUMENT = re.compile(rf"{_CALLED}{_TEXT}")
_IGNORED = re.compile(r"#\s*mog:\s*ignore\[(?:[^\]#\r\n]*[\s,])?(?P<typed>[\w-]*)\Z", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa:\s*(?:[^#\r\n]*[\s,])?(?P<typed>M\w*)\Z", re.IGNORECASE)


def completion(look: Look, position: types.Position) -> types.CompletionList:
    """Return what can be typed at a place."""
    offset = look.text.offset(position)
    before = look.document.content[max(offset - LOOK_BACK, 0) : offset]
    typed = _IGNORED.search(before) or _NOQA.search(before)
    if typed is not None:
        items = list(_rules(look, offset, len(typed["typed"]), position.line))
    else:
        typed = _submitting(look, before)
        items = [] if typed is None else list(_tasks(look, offset, len(typed["typed"])))
    return types.CompletionList(is_incomplete=False, items=items)


def _submitting(look: Look, before: str) -> re.Match[str] | None:
    """Return the match of a text before the place that ends in the beginning of a task's name."""
    found = _NAME_ARGUMENT.search(before)
    if found is not None and _is_request(look, found["callee"]):
        return found
    found = _FIRST_ARGUMENT.search(before)
    return found if found is not None and _submits(look, found["callee"]) else None


def _is_request(look: Look, callee: str) -> bool:
    names = _names(look, callee)
    return _is_own(names, REQUEST) if names else callee.rpartition(".")[2].strip() == REQUEST


def _submits(look: Look, callee: str) -> bool:
    receiver, _, method = "".join(callee.split()).rpartition(".")
    if method not in SUBMIT:
        return False
    names = _names(look, callee)
    return _is_own(names, method) if names else receiver in USUAL_NAMES


def _names(look: Look, callee: str) -> frozenset[str]:
    """Return what a name of the module stands for; empty where it is a function's own, or unknown."""
    known = look.project.session.project
    module = known.at(look.document.path)
    symbols: Symbols = (f":{''.join(callee.split())}",)
    first = symbols[0][1:].partition(".")[0]
    if module is None or first not in module.summary.exports:
        return frozenset()
    return known.resolve(symbols, module)


def _is_own(names: frozenset[str], last: str) -> bool:
    return any(name.partition(".")[0] in TASK_API and name.rpartition(".")[2] == last for name in names)


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


def _rules(look: Look, offset: int, typed: int, line: int) -> Iterator[types.CompletionItem]:
    """Yield all rules, those first that find something on the line."""
    place = look.text.range(offset - typed, offset)
    row = line + 1
    findings = look.project.findings(look.document.path)
    here = {item.code for item in findings if item.location.row <= row <= item.end_location.row}
    for rule in all_rules():
        yield _rule(rule, place, is_here=rule.code in here, look=look)


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
