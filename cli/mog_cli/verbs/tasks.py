"""`mog tasks`: what is known of tasks that were submitted, and what may be done with them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from mog_cli import arguments as read
from mog_cli import output
from mog_cli.completion import queue_names, task_names
from mog_cli.confirming import confirm
from mog_cli.counting import counter
from mog_cli.errors import CommandError, ExitCode, one_line
from mog_cli.options import AppOption, Json, Verbose, Yes
from mog_cli.parsing import Verb, Verbs

if TYPE_CHECKING:
    from mog import App, Result
    from mog.children import ResultTree
    from mog.states import ResultState

verbs = typer.Typer(
    help="Look at tasks, wait for them, call them off, run them again.",
    cls=Verbs,
    rich_markup_mode=None,
    add_completion=False,
)

COLUMNS = ("ID", "TASK", "STATE", "AGE", "DURATION", "ARGUMENTS")


@verbs.command("list", cls=Verb)
def list_tasks(
    *,
    state: Annotated[
        list[str] | None, typer.Option(metavar="STATE", help="Such as PENDING or FAILURE; may be repeated.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="TASK", help="Tasks of this name.", autocompletion=task_names)
    ] = None,
    queue: Annotated[
        str | None, typer.Option(metavar="QUEUE", help="Tasks of this queue.", autocompletion=queue_names)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many at most.")] = 50,
    before: Annotated[
        str | None, typer.Option(metavar="ID", help="Older than this one: the last id of the page before.")
    ] = None,
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> None:
    """List tasks, newest first."""
    older_than = read.parse_uuid(before) if before is not None else None
    states = [parse_state(text) for text in state or []]

    from mog_cli.app_loading import load_app, with_app
    from mog_cli.rendering import result_fields

    found = with_app(
        load_app(app),
        lambda app: app.find_results(states=states, name=name, queue=queue, limit=limit, before=older_than),
    )
    if as_json:
        for result in found:
            output.json_line(result_fields(result))
        return
    output.table(COLUMNS, map(row, found), elastic=("TASK", "ARGUMENTS"))
    if len(found) == limit and output.is_terminal(sys.stdout):
        output.note(f"older ones: mog tasks list --before {found[-1].id}")


def parse_state(text: str) -> ResultState:
    """Read the name of a state, in any case."""
    from mog.states import ResultState

    try:
        return ResultState(text.upper())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(ResultState)}", param_hint="--state") from None


def row(result: Result[Any]) -> Sequence[str]:
    """Show a task as a row of the table."""
    from mog_cli.rendering import short_age, short_length

    return (
        str(result.id),
        result.name or "",
        str(result.state),
        short_age(result.created),
        short_length(result.duration),
        one_line(result.request_kwargs_repr or ""),
    )


@verbs.command("get", cls=Verb)
def get(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="The task's id.")],
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> None:
    """Show all that is known of a task, its value or error too."""
    parsed = read.parse_uuid(task_id)

    from mog_cli.app_loading import load_app, with_app
    from mog_cli.details import print_fields

    fields = with_app(load_app(app), lambda app: look(app, parsed))
    if as_json:
        output.json_line(fields)
    else:
        print_fields(fields)


async def look(app: App, task_id: UUID) -> dict[str, Any]:
    """Read a task's record, metadata and end."""
    from mog_cli.details import end_of
    from mog_cli.rendering import result_fields

    result = await app.result(task_id)
    return result_fields(result) | {"metadata": await result.get_metadata()} | await end_of(result)


@verbs.command("tree", cls=Verb)
def tree(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="The task's id.")],
    *,
    depth: Annotated[int, typer.Option(min=1, metavar="N", help="How many levels, the task's own included.")] = 5,
    width: Annotated[int, typer.Option(min=1, metavar="N", help="How many children of each task at most.")] = 50,
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> None:
    """Show a task with the tasks that it has submitted, and theirs."""
    parsed = read.parse_uuid(task_id)

    from mog_cli.app_loading import load_app, with_app
    from mog_cli.tree import print_tree, tree_fields

    async def grow(app: App) -> ResultTree:
        return await (await app.result(parsed)).tree(max_depth=depth, max_width=width)

    found = with_app(load_app(app), grow)
    if as_json:
        output.json_line(tree_fields(found))
    else:
        print_tree(found)


@verbs.command("wait", cls=Verb)
def wait(
    task_ids: Annotated[list[str], typer.Argument(metavar="ID", help="The tasks' ids.")],
    timeout: Annotated[str | None, typer.Option(metavar="TIME", help="How long in all: 30, 5m; exit 3 after.")] = None,
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> int:
    """Wait for tasks and print their values, one a line, in the order given."""
    parsed = [read.parse_uuid(text) for text in task_ids]
    seconds = read.parse_duration(timeout).total_seconds() if timeout is not None else None

    from mog_cli.app_loading import load_app, with_app

    return with_app(load_app(app), lambda app: wait_all(app, parsed, timeout=seconds, as_json=as_json))


async def wait_all(app: App, task_ids: Sequence[UUID], *, timeout: float | None, as_json: bool) -> int:
    """Wait for each, tell how it ended, and return the worst exit code: a failure before what is unfinished."""
    from mog_cli.rendering import value_text
    from mog_cli.waiting import wait_for_value

    end = None if timeout is None else time.monotonic() + timeout
    codes = {ExitCode.DONE}
    for result in [await app.result(task_id) for task_id in task_ids]:
        left = None if end is None else max(0.0, end - time.monotonic())
        try:
            output.data(value_text(await wait_for_value(app, result, left), as_json=as_json))
        except CommandError as error:
            output.error(error.message, error.hint)
            codes.add(error.code)
    return next(code for code in (ExitCode.FAILED, ExitCode.UNFINISHED, ExitCode.DONE) if code in codes)


@verbs.command("revoke", cls=Verb)
def revoke(
    task_ids: Annotated[list[str], typer.Argument(metavar="ID", help="The tasks' ids.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Turn tasks that are done REVOKED too.")] = False,
    yes: Yes = False,
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> int:
    """Call tasks off, and all that they have submitted; asks first if they are many."""
    parsed = read.parse_uuids(task_ids)

    from mog_cli.app_loading import load_app, with_app

    loaded = load_app(app)
    with_app(loaded, lambda app: find_all(app, parsed))
    if len(parsed) > 1 and not yes:
        confirm(f"call off {len(parsed)} tasks")
    revoked = with_app(loaded, lambda app: revoke_all(app, parsed, force=force))
    if as_json:
        for result in revoked:
            output.json_line(brief_fields(result))
    else:
        output.table(("ID", "TASK", "STATE"), [(str(one.id), one.name or "", str(one.state)) for one in revoked])
    left = [result for result in revoked if not result.revoked]
    for result in left:
        output.error(f"task {result.id} was done before: it is {result.state}", "--force turns it REVOKED all the same")
    return ExitCode.FAILED if left else ExitCode.DONE


def brief_fields(result: Result[Any]) -> dict[str, Any]:
    """Return the least that tells a task, for JSON."""
    return {"id": str(result.id), "name": result.name, "state": str(result.state)}


async def find_all(app: App, task_ids: Sequence[UUID]) -> list[Result[Any]]:
    """Return the tasks in order. Raises ResultLost for the first that is not known, before any is touched."""
    from mog.errors import ResultLost

    found = {result.id: result for result in await app.results(task_ids)}
    for task_id in task_ids:
        if task_id not in found:
            raise ResultLost(task_id)
    return [found[task_id] for task_id in task_ids]


async def revoke_all(app: App, task_ids: Sequence[UUID], *, force: bool) -> list[Result[Any]]:
    """Call each task off, and return what they are then, in order."""
    with counter("calling off", len(task_ids)) as advance:
        revoked = []
        for task_id in task_ids:
            revoked.append(await app.revoke(task_id, force=force))
            advance(1)
    return revoked


@verbs.command("retry", cls=Verb)
def retry(
    task_ids: Annotated[list[str], typer.Argument(metavar="ID", help="The ids of tasks that have failed.")],
    app: AppOption = None,
    as_json: Json = False,
    _verbose: Verbose = False,
) -> None:
    """Submit failed tasks once more, under new ids; print those, in the order given."""
    parsed = read.parse_uuids(task_ids)

    from mog_cli.app_loading import load_app, with_app

    with_app(load_app(app), lambda app: retry_all(app, parsed, as_json=as_json))


async def retry_all(app: App, task_ids: Sequence[UUID], *, as_json: bool) -> None:
    """Submit each once more and print its new id at once. Raises CommandError for one that has not failed."""
    for old in await find_all(app, task_ids):
        if not old.failed:
            hint = "submit it anew: mog submit" if old.done else f"wait for it: mog tasks wait {old.id}"
            raise CommandError(f"task {old.id} is {old.state}; only a failed one is submitted once more", hint=hint)
    with counter("submitting", len(task_ids)) as advance:
        for task_id in task_ids:
            new = await submit_again(app, task_id)
            if as_json:
                output.json_line(brief_fields(new) | {"queue": new.queue, "retry_of": str(task_id)})
            else:
                output.data(str(new.id))
            advance(1)


async def submit_again(app: App, task_id: UUID) -> Result[Any]:
    """Submit a task once more. Raises CommandError where its request is not kept."""
    from mog.errors import ResultValueLost

    try:
        return await app.submit_again(task_id)
    except ResultValueLost:
        raise CommandError(
            f"the request of task {task_id} is no longer kept", hint="submit it anew: mog submit"
        ) from None
