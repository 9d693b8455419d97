"""From a task's name to its function, and to all places that name it; from a rule's code to its page."""

from __future__ import annotations

from collections.abc import Callable

from lsprotocol import types

from mog_lint.server.comments import rules_named
from mog_lint.server.look import Look
from mog_lint.server.pages import Pages
from mog_lint.server.tasks import Pointed


def definition(look: Look, position: types.Position) -> list[types.Location]:
    """Return where the tasks at a place are declared."""
    pointed = _pointed(look, position)
    if pointed is None:
        return []
    declared = (look.catalogue.declaration(known) for known in pointed.tasks)
    return [look.location(found[0]) for found in declared if found is not None]


def references(
    look: Look, position: types.Position, *, declarations: bool, check: Callable[[], None]
) -> list[types.Location]:
    """Return all places that name the tasks at a place; with `declarations` also where their functions are."""
    pointed = _pointed(look, position)
    if pointed is None:
        return []
    uses = look.catalogue.uses(pointed.tasks, check)
    found = [look.location(use.place) for use in uses if declarations or not use.declares]
    return [*definition(look, position), *found] if declarations else found


def links(look: Look, pages: Pages) -> list[types.DocumentLink]:
    """Return the rules that comments name as links to their pages."""
    return [
        types.DocumentLink(look.text.range(named.start, named.end), pages.uri(rule), tooltip=rule.name)
        for named, rule in rules_named(look.document.content)
    ]


def _pointed(look: Look, position: types.Position) -> Pointed | None:
    return look.catalogue.at(look.document.path, look.document.content, look.text.offset(position))
