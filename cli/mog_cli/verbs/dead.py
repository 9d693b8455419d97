"""`mog dead`: dead letters, which are messages that no worker could bring to a good end."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from mog_cli import arguments as read
from mog_cli import output
from mog_cli.completion import queue_names
from mog_cli.confirming import confirm, counted
from mog_cli.counting import counter
from mog_cli.dead_choice import PAGE, Choice, find_ids, pages, parse_choice
from mog_cli.errors import ExitCode, one_line
from mog_cli.options import AppOption, Json, Verbose, Yes
from mog_cli.parsing import Verb, Verbs

if TYPE_CHECKING:
    from mog import App, Result
    from mog.engine.records import DeadLetter

verbs = typer.Typer(
    help="Look at dead letters, replay them, drop them.", cls=Verbs, rich_markup_mode=None, add_completion=False
)

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="The ids of the letters, which are the tasks'.")]
Every = Annotated[bool, typer.Option("--all", help="All letters, or all of a queue or a reason.")]
OfQueue = Annotated[
    str | None, typer.Option("--queue", metavar="QUEUE", help="Letters of this queue.", autocompletion=queue_names)
]
OfReason = Annotated[
    str | None, typer.Option("--reason", metavar="REASON", help="Such as unknown-task, unreadable, worker-died.")
]


@verbs.command("list", cls=Verb)
def list_letters(
    *,
    queue: OfQueue = None,
    reason: OfReason = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many at most.")] = 50,
    before: Annotated[
        str | None, typer.Option(metavar="ID", help="Older than this one: the last id of the page before.")
    ] = None,
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> None:
    """List dead letters, newest first."""
    older_than = read.parse_uuid(before) if before is not None else None

    from mog_cli.app_loading import load_app, with_app
    from mog_cli.rendering import short_age

    loaded = load_app(app)
    found = with_app(
        loaded,
        lambda app: app.dead_letters.find(queue=queue, reason=reason, limit=limit, before=older_than),
    )
    if as_json:
        for letter in found:
            output.json_line(fields(loaded, letter))
        return
    rows = [
        (str(one.id), one.name or "", loaded.queues.short_name(one.queue), one.reason, short_age(moment(one.buried)))
        for one in found
    ]
    output.table(("ID", "TASK", "QUEUE", "REASON", "AGE"), rows, elastic=("TASK",))
    if len(found) == limit and output.is_terminal(sys.stdout):
        output.note(f"older ones: mog dead list --before {found[-1].id}")


def moment(timestamp: float) -> datetime:
    """Return a POSIX time as a point of time."""
    return datetime.fromtimestamp(timestamp, UTC)


def fields(app: App, letter: DeadLetter) -> dict[str, Any]:
    """Return what is known of a letter, for JSON."""
    return {
        "id": str(letter.id),
        "name": letter.name,
        "queue": app.queues.short_name(letter.queue),
        "reason": letter.reason,
        "buried": moment(letter.buried).isoformat(),
    }


@verbs.command("show", cls=Verb)
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The letter's id, which is the task's.")],
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> None:
    """Show a dead letter: its request, and the task's error."""
    parsed = read.parse_uuid(letter_id)

    from mog_cli.app_loading import load_app, with_app
    from mog_cli.details import print_fields

    found = with_app(load_app(app), lambda app: look(app, parsed))
    if as_json:
        output.json_line(found)
    else:
        print_fields(found)


async def look(app: App, letter_id: UUID) -> dict[str, Any]:
    """Read a letter and how its task ended, where that is still known."""
    from mog_cli.details import end_of

    await find_ids(app, Choice([letter_id]))
    (letter,) = await app.dead_letters.find(ids=[letter_id])
    ends = [await end_of(result) for result in await app.results([letter_id])]
    return fields(app, letter) | (ends[0] if ends else {}) | {"request": request_of(letter)}


def request_of(letter: DeadLetter) -> Any:
    """Return the request in a letter; as text where it is no JSON."""
    try:
        return json.loads(letter.body)
    except (ValueError, RecursionError):
        return letter.body.decode(errors="backslashreplace")


@verbs.command("replay", cls=Verb)
def replay(
    letter_ids: Ids = None,
    *,
    every: Every = False,
    queue: OfQueue = None,
    reason: OfReason = None,
    yes: Yes = False,
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> int:
    """Submit the tasks of dead letters once more, under new ids; print those."""
    choice = parse_choice(letter_ids or [], queue, reason, every=every)

    from mog_cli.app_loading import load_app, with_app

    loaded = load_app(app)
    ids = with_app(loaded, lambda app: find_ids(app, choice))
    if every and ids and not yes:
        confirm(f"replay {counted(len(ids), 'dead letter')}")
    return with_app(loaded, lambda app: replay_all(app, ids, as_json=as_json))


async def replay_all(app: App, ids: Sequence[UUID], *, as_json: bool) -> ExitCode:
    """Replay letters, print the new ids as they come, and tell of letters that cannot be replayed; those stay."""
    import asyncio

    from mog.errors import EngineError, MogError

    code = ExitCode.DONE
    with counter("replaying", len(ids)) as advance:
        async for page in pages(app, ids):
            replays = (app.dead_letters.replay([letter]) for letter in page)
            answers = await asyncio.gather(*replays, return_exceptions=True)
            for letter, answer in zip(page, answers, strict=True):
                if not isinstance(answer, BaseException):
                    print_replayed(letter, answer[0], as_json=as_json)
            for letter, answer in zip(page, answers, strict=True):
                if isinstance(answer, MogError) and not isinstance(answer, EngineError):
                    output.error(f"dead letter {letter.id} stays: {one_line(answer)}")
                    code = ExitCode.FAILED
                elif isinstance(answer, BaseException):
                    raise answer
            advance(len(page))
    return code


def print_replayed(letter: DeadLetter, new: Result[Any], *, as_json: bool) -> None:
    """Print the id under which a letter's task is submitted once more."""
    if as_json:
        output.json_line({"id": str(new.id), "name": new.name, "queue": new.queue, "retry_of": str(letter.id)})
    else:
        output.data(str(new.id))


@verbs.command("drop", cls=Verb)
def drop(
    letter_ids: Ids = None,
    *,
    every: Every = False,
    queue: OfQueue = None,
    reason: OfReason = None,
    yes: Yes = False,
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> None:
    """Forget dead letters; asks first."""
    choice = parse_choice(letter_ids or [], queue, reason, every=every)

    from mog_cli.app_loading import load_app, with_app

    loaded = load_app(app)
    ids = with_app(loaded, lambda app: find_ids(app, choice))
    if ids and not yes:
        confirm(f"drop {counted(len(ids), 'dead letter')}")
    dropped = with_app(loaded, lambda app: drop_all(app, ids))
    if as_json:
        output.json_line({"dropped": dropped})
    else:
        output.note(f"dropped {counted(dropped, 'dead letter')}")


async def drop_all(app: App, ids: Sequence[UUID]) -> int:
    """Forget letters, and return how many of them there still were."""
    dropped = 0
    with counter("dropping", len(ids)) as advance:
        for start in range(0, len(ids), PAGE):
            part = ids[start : start + PAGE]
            dropped += await app.dead_letters.drop(part)
            advance(len(part))
    return dropped
