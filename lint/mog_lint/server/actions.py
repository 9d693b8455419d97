"""What an editor offers to do about findings: mend one, mend all, or silence one on its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

from lsprotocol import types

from mog_lint.findings import Applicability, Finding
from mog_lint.fixes import MAX_ROUNDS, apply_fixes
from mog_lint.ignoring import REASON, ignore_edit
from mog_lint.model.source import Problem, read_source
from mog_lint.server.diagnostics import diagnostic
from mog_lint.server.look import Look
from mog_lint.server.pages import Pages

FIX_ALL = "source.fixAll.mog"
KINDS = (types.CodeActionKind.QuickFix, FIX_ALL)
SELECT = "mog.select"
UNSILENCED = "MOG0"  # what the linter says of itself is mended, not silenced


def actions(
    look: Look, place: types.Range, only: Sequence[str] | None, pages: Pages
) -> list[types.CodeAction | types.Command]:
    """Return what can be done about the findings that touch a range; `only` names the wanted kinds."""
    found: list[types.CodeAction | types.Command] = []
    if _is_wanted(types.CodeActionKind.QuickFix, only):
        touching = [item for item, _ in look.findings_at(look.text.offset(place.start), look.text.offset(place.end))]
        found += [action for finding in touching for action in _mend(look, finding, pages)]
        found += [action for finding in touching for action in _silence(look, finding, pages)]
    if _is_wanted(FIX_ALL, only):
        found += _mend_all(look)
    return found


def _is_wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Say whether a kind is asked for: itself, or one that it is a part of."""
    return not only or any(kind == wanted or kind.startswith(f"{wanted}.") for wanted in only)


def _mend(look: Look, finding: Finding, pages: Pages) -> Iterator[types.CodeAction]:
    fix = finding.fix
    if fix is None:
        return
    is_safe = fix.applicability is Applicability.SAFE
    edits = [types.TextEdit(look.text.range(edit.start, edit.end), edit.content) for edit in fix.edits]
    yield types.CodeAction(
        f"{finding.code}: {fix.message}{'' if is_safe else ' (have a look at it)'}",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic(finding, look, pages)],
        is_preferred=is_safe or None,
        edit=_edit(look, edits),
    )


def _silence(look: Look, finding: Finding, pages: Pages) -> Iterator[types.CodeAction]:
    source = read_source(look.project.data(look.document.path))
    if finding.code.startswith(UNSILENCED) or isinstance(source, Problem) or look.project.is_broken(look.document.path):
        return
    edit = ignore_edit(source, finding)
    if edit is None:
        return
    yield types.CodeAction(
        f"{finding.code}: ignore it on this line, with a reason",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic(finding, look, pages)],
        edit=_edit(look, [types.TextEdit(look.text.range(edit.start, edit.end), edit.content)]),
        command=_selection(look, edit.start, edit.content),
    )


def _selection(look: Look, start: int, content: str) -> types.Command | None:
    """Return the command that selects the reason, for the user to type another one; it runs after the edit."""
    if not look.client.shows_documents or not content.endswith(REASON):
        return None
    first = look.text.position(start)
    length = len(content)  # of ASCII, so characters are units
    place = types.Range(
        types.Position(first.line, first.character + length - len(REASON)),
        types.Position(first.line, first.character + length),
    )
    return types.Command("Type the reason", SELECT, arguments=[look.document.uri, place])


def _mend_all(look: Look) -> Iterator[types.CodeAction]:
    before = look.project.data(look.document.path)
    after = mended(look)
    old, new = read_source(before), read_source(after)
    if after == before or isinstance(old, Problem) or isinstance(new, Problem):
        return
    edits = list(_line_edits(look, old.text, new.text))
    yield types.CodeAction("Mend all that can be mended safely (mog)", kind=FIX_ALL, edit=_edit(look, edits))


def mended(look: Look) -> bytes:
    """Return a document with all safe fixes, made in turns as `mog lint --fix` does; nothing is changed by it."""
    project, path = look.project, look.document.path
    data = project.data(path)
    if project.is_broken(path):
        return data
    findings: Iterable[Finding] = project.findings(path)
    for _ in range(MAX_ROUNDS):
        after, applied = apply_fixes(data, findings)
        if not applied:
            break
        data, findings = after, project.findings_if(path, after)
    return data


def _line_edits(look: Look, before: str, after: str) -> Iterator[types.TextEdit]:
    """Yield the edits that make one text of another, line by line, so that the cursor stays where it is."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    for kind, first, last, new_first, new_last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield types.TextEdit(look.text.range(starts[first], starts[last]), "".join(new[new_first:new_last]))


def _edit(look: Look, edits: list[types.TextEdit]) -> types.WorkspaceEdit:
    document = look.document
    if not look.client.versioned_edits:
        return types.WorkspaceEdit(changes={document.uri: edits})
    identifier = types.OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(identifier, list(edits))])
