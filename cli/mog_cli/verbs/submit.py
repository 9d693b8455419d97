"""`mog submit`: one task, with typed arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mog_cli import arguments as read
from mog_cli import output
from mog_cli.errors import CommandError
from mog_cli.options import AppOption, Json, Verbose

if TYPE_CHECKING:
    from mog import App, Request
    from mog.task import Task


def submit(
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task's name.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="ARG|KEY=VALUE", help="Its arguments: JSON where they parse as JSON, else text."),
    ] = None,
    *,
    app: AppOption = None,
    args: Annotated[str | None, typer.Option(metavar="JSON", help="Positional arguments, as an array.")] = None,
    kwargs: Annotated[str | None, typer.Option(metavar="JSON", help="Keyword arguments, as an object.")] = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the task and print its value.")] = False,
    timeout: Annotated[str | None, typer.Option(metavar="TIME", help="How long to wait: 30, 5m; exit 3 after.")] = None,
    priority: Annotated[int | None, typer.Option(min=0, max=10, help="0 to 10, higher first.")] = None,
    queue: Annotated[str | None, typer.Option(metavar="QUEUE", help="A queue other than the task's.")] = None,
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
) -> None:
    """Submit a task; print its id, or with --wait its value."""
    if timeout is not None and not wait:
        raise typer.BadParameter("goes with --wait alone", param_hint="--timeout")
    if delay is not None and at is not None:
        raise typer.BadParameter("give either --delay or --at, not both")
    call = read.parse_call(arguments or [], args, kwargs)
    options = {
        "id": id and read.parse_uuid(id),
        "priority": priority,
        "queue_name": queue,
        "delay": delay and read.parse_duration(delay),
        "eta": at and read.parse_time(at),
        "deadline": deadline and read.parse_deadline(deadline),
        "metadata": read.parse_metadata(metadata or []) or None,
    }
    seconds = read.parse_duration(timeout).total_seconds() if timeout is not None else None

    from mog_cli.app_loading import load_app, with_app

    loaded = load_app(app)
    request = make_request(loaded, task, call, {name: value for name, value in options.items() if value is not None})
    output.data(with_app(loaded, lambda app: send(app, request, wait=wait, timeout=seconds, as_json=as_json)))


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
    import json

    from mog_cli.rendering import value_text
    from mog_cli.waiting import wait_for_value

    result = await app.submit(request)
    if wait:
        output.note(f"submitted {request.name} as {result.id}")
        return value_text(await wait_for_value(app, result, timeout), as_json=as_json)
    return json.dumps({"id": str(result.id), "name": result.name, "queue": result.queue}) if as_json else str(result.id)
