"""Which dead letters a verb is to treat: those whose ids are given, or all, or all of a queue or a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import typer

from mog_cli import arguments as read
from mog_cli.errors import CommandError

if TYPE_CHECKING:
    from mog import App
    from mog.engine.records import DeadLetter

PAGE = 500
"""Letters read at once: their bodies may be of ``max_message_size`` each."""


@dataclass(frozen=True)
class Choice:
    """The ids that are given, or what all the letters that are meant have in common."""

    ids: Sequence[UUID] = ()
    queue: str | None = None
    reason: str | None = None


def parse_choice(texts: Sequence[str], queue: str | None, reason: str | None, *, every: bool) -> Choice:
    """Read what is chosen: ids, or ``--all``, with which ``--queue`` and ``--reason`` go."""
    if bool(texts) == every:
        raise typer.BadParameter("give the ids of dead letters, or --all" + ", not both" * every)
    if not every and (queue is not None or reason is not None):
        raise typer.BadParameter("--queue and --reason go with --all alone")
    return Choice(read.parse_uuids(texts), queue, reason)


async def find_ids(app: App, choice: Choice) -> list[UUID]:
    """Return the ids of the letters that are meant, newest first unless given.

    Raises CommandError for a given id that is of no dead letter.
    """
    if choice.ids:
        there = {letter.id async for page in pages(app, choice.ids) for letter in page}
        for letter_id in choice.ids:
            if letter_id not in there:
                raise CommandError(f"there is no dead letter {letter_id}", hint="see mog dead list")
        return list(choice.ids)
    found: list[UUID] = []
    options: dict[str, Any] = {"queue": choice.queue, "reason": choice.reason, "limit": PAGE}
    while page := await app.dead_letters.find(**options):
        found += [letter.id for letter in page]
        options["before"] = found[-1]
    return found


async def pages(app: App, ids: Sequence[UUID]) -> AsyncIterator[list[DeadLetter]]:
    """Read letters, many at once, in the order of their ids; those that are gone by now are left out."""
    for start in range(0, len(ids), PAGE):
        part = ids[start : start + PAGE]
        found = {letter.id: letter for letter in await app.dead_letters.find(ids=part, limit=len(part))}
        yield [found[letter_id] for letter_id in part if letter_id in found]
