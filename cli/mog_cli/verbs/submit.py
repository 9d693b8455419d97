"""`mog submit`: one task, with typed arguments, or many from lines of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mog_cli import arguments as read
from mog_cli import output
from mog_cli.completion import queue_names, task_names
from mog_cli.errors import CommandError, ExitCode
from mog_cli.options import AppOption, Json, Verbose

if TYPE_CHECKING:
    from mog import App, Request
    from mog.task import Task


def submit(
    task: Annotated[
        str | None, typer.Argument(metavar="TASK", help="The task's name.", autocompletion=task_names)
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="ARG|KEY=VALUE", help="Its arguments: JSON where they parse as JSON, else text."),
    ] = None,
    *,
    app: AppOption = None,
    args: Annotated[str | None, typer.Option(metavar="JSON", help="Positional arguments, as an array.")] = None,
    kwargs: Annotated[str | None, typer.Option(metavar="JSON", help="Keyword arguments, as an object.")] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="FILE|-", help="Submit a task per line: JSON; see above.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the task and print its value.")] = False,
    timeout: Annotated[str | None, typer.Option(metavar="TIME", help="How long to wait: 30, 5m; exit 3 after.")] = None,
    priority: Annotated[int | None, typer.Option(min=0, max=10, help="0 to 10, higher first.")] = None,
    queue: Annotated[
        str | None, typer.Option(metavar="QUEUE", help="A queue other than the task's.", autocompletion=queue_names)
    ] = None,
    delay: Annotated[str | None, typer.Option(metavar="TIME", help="Start no earlier than in 5s, 10m, 2h.")] = None,
    at: Annotated[str | None, typer.Option(metavar="WHEN", help="Start no earlier than 2030-12-31T23:59.")] = None,
    deadline: Annotated[
        str | None, typer.Option(metavar="TIME|WHEN", help="Bound each run (10m), or the whole task (a time).")
    ] = None,
    metadata: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Metadata of the result; may be repeated.")
    ] = None,
    id: Annotated[str | None, typer.Option(metavar="UUID", help="The task's id, else a new one.")] = None,  # noqa: A002 - the option's name
    as_json: Json = False,
    _verbose: Verbose = False,
) -> int:
    """Submit a task; print its id, or with --wait its value.

    With --from each line is an object: {"task": "add", "args": [1], "kwargs": {}, "priority": 5, "queue": "q",
    "delay": "5m", "at": "2030-12-31", "deadline": "1h", "metadata": {}, "id": "..."}; the task alone must be there.
    With TASK too, each line holds its arguments: an array, or an object of keyword arguments.
    """
    seconds = read_timeout(timeout, wait=wait)
    options = read_options(
        id=id, priority=priority, queue=queue, delay=delay, at=at, deadline=deadline, metadata=metadata
    )
    if source is not None:
        if arguments or args or kwargs or id:
            raise typer.BadParameter(
                "arguments and ids stand in the lines, not on the command line", param_hint="--from"
            )
        return submit_from(app, source, task, options, wait=wait, timeout=seconds, as_json=as_json)
    if task is None:
        raise CommandError("missing argument 'TASK'", hint="see mog submit --help")
    call = read.parse_call(arguments or [], args, kwargs)
    return submit_one(app, task, call, options, wait=wait, timeout=seconds, as_json=as_json)


def read_timeout(text: str | None, *, wait: bool) -> float | None:
    """Return how many seconds to wait, None for as long as it takes."""
    if text is None:
        return None
    if not wait:
        raise typer.BadParameter("goes with --wait alone", param_hint="--timeout")
    return read.parse_duration(text).total_seconds()


def read_options(
    *,
    id: str | None,  # noqa: A002 - the option's name
    priority: int | None,
    queue: str | None,
    delay: str | None,
    at: str | None,
    deadline: str | None,
    metadata: list[str] | None,
) -> dict[str, Any]:
    """Return the fields of a request that are given."""
    if delay is not None and at is not None:
        raise typer.BadParameter("give either --delay or --at, not both")
    options = {
        "id": id and read.parse_uuid(id),
        "priority": priority,
        "queue_name": queue,
        "delay": delay and read.parse_duration(delay),
        "eta": at and read.parse_time(at),
        "deadline": deadline and read.parse_deadline(deadline),
        "metadata": read.parse_metadata(metadata or []) or None,
    }
    return {name: value for name, value in options.items() if value is not None}


def submit_one(
    app: str | None,
    task: str,
    call: read.Call,
    options: dict[str, Any],
    *,
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> ExitCode:
    """Submit one task and print its id, or the value that it is waited for."""
    from mog_cli.app_loading import load_app, with_app

    loaded = load_app(app)
    request = make_request(loaded, task, call, options)
    output.data(with_app(loaded, lambda app: send(app, request, wait=wait, timeout=timeout, as_json=as_json)))
    return ExitCode.DONE


def submit_from(
    app: str | None,
    source: str,
    task: str | None,
    options: dict[str, Any],
    *,
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> ExitCode:
    """Submit a task per line of a file, or of stdin for ``-``; all lines of a file are checked before any is sent."""
    from mog_cli.app_loading import load_app, with_app
    from mog_cli.line_sources import open_source
    from mog_cli.request_lines import LineReader
    from mog_cli.submitting import check_lines, submit_lines

    with open_source(source) as file:
        loaded = load_app(app)
        if task is not None:
            loaded.tasks.get(task)
        reader = LineReader(loaded, task, options)
        total = check_lines(file, reader)
        return with_app(
            loaded,
            lambda app: submit_lines(app, reader, file, total=total, wait=wait, timeout=timeout, as_json=as_json),
        )


def make_request(app: App, name: str, call: read.Call, options: dict[str, Any]) -> Request[Any]:
    """Check the arguments against the task's signature and make the request."""
    from mog import Request

    fitting = fit(app.tasks.get(name), call)
    return Request(name=name, args=tuple(fitting.args), kwargs=fitting.kwargs, **options)


def fit(task: Task, call: read.Call) -> read.Call:
    """Return the call, with what is no fitting JSON value taken as the text that was written.

    Raises CommandError, which shows the signature, if the task cannot be called so.
    """
    from mog.arguments import format_signature
    from mog.errors import InvalidTaskArguments

    try:
        task.check(call.args, call.kwargs)
    except InvalidTaskArguments as error:
        wrong = {found.loc[0] for found in error.errors if found.loc}
        as_text = call.as_text(place for place in list(call.texts) if parameter_at(task, place) in wrong)
        try:
            task.check(as_text.args, as_text.kwargs)
        except InvalidTaskArguments:
            signature = format_signature(task.name, task.parameters)
            raise CommandError(str(error), hint=f"it is called so: {signature}") from None
        return as_text
    return call


def parameter_at(task: Task, place: int | str) -> int | str:
    """Return the name of the parameter that takes an argument; the place itself where there is none."""
    for position, parameter in enumerate(task.parameters):
        if position == place or (isinstance(place, int) and parameter.kind is parameter.VAR_POSITIONAL):
            return parameter.name
    return place


async def send(app: App, request: Request[Any], *, wait: bool, timeout: float | None, as_json: bool) -> str:
    """Submit the request and return what stands on stdout: the id, or the value once it is there."""
    from mog_cli.rendering import value_text
    from mog_cli.submitting import id_text
    from mog_cli.waiting import wait_for_value

    result = await app.submit(request)
    if wait:
        output.note(f"submitted {request.name} as {result.id}")
        return value_text(await wait_for_value(app, result, timeout), as_json=as_json)
    return id_text(result, as_json=as_json)
