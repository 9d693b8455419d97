"""Requests as lines of JSON: one object a line that names a task, or one task's arguments a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import typer

from mog_cli import arguments as read
from mog_cli.errors import CommandError, one_line

if TYPE_CHECKING:
    from mog import App, Request

Line = tuple[int, bytes]
"""A line and its number, from 1."""

OPTIONS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "id": ("id", lambda value: read.parse_uuid(str(value))),
    "priority": ("priority", lambda value: value),
    "queue": ("queue_name", lambda value: value),
    "delay": ("delay", lambda value: read.parse_duration(str(value))),
    "at": ("eta", lambda value: read.parse_time(str(value))),
    "deadline": ("deadline", lambda value: read.parse_deadline(str(value))),
    "metadata": ("metadata", lambda value: value),
}
"""What a line may say beside its task and arguments, named as the command's options are: field, and how it is read."""

KEYS = ("task", "args", "kwargs", *OPTIONS)


class LineReader:
    """Makes requests of lines. ``task`` is of all of them, or None; ``options`` hold where a line says nothing else."""

    def __init__(self, app: App, task: str | None, options: Mapping[str, Any]) -> None:
        self._app, self._task, self._options = app, task, options
        self._lines_by_id: dict[UUID, int] = {}

    def read(self, line: Line) -> Request[Any] | None:
        """Return the checked request of a line, None for an empty one. Raises CommandError, which names the line."""
        from mog.errors import MogError
        from mog.submission import prepare

        number, text = line
        if not text.strip():
            return None
        try:
            request = self._request(number, parse_line(text.strip()))
            prepare(self._app, request)
        except (typer.BadParameter, MogError) as error:
            message = error.message if isinstance(error, typer.BadParameter) else str(error)
            raise CommandError(f"line {number}: {one_line(message)}") from None
        return request

    def forget_ids(self) -> None:
        """Read the lines anew, from the first."""
        self._lines_by_id.clear()

    def _request(self, number: int, value: Any) -> Request[Any]:
        from mog import Request

        fields = fields_with_task(value) if self._task is None else fields_of_call(self._task, value)
        if "id" in fields:
            first = self._lines_by_id.setdefault(fields["id"], number)
            if first != number:
                raise typer.BadParameter(f"its id is that of line {first}")
        self._app.tasks.get(fields["name"])
        return Request(**with_defaults(fields, self._options))


def parse_line(text: bytes) -> Any:
    """Read JSON."""
    try:
        return json.loads(text, parse_constant=read.refuse_constant, parse_float=read.parse_finite)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"no JSON: {error.msg}, column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"no JSON: {error}") from None


def fields_of_call(task: str, value: Any) -> dict[str, Any]:
    """Return a request's fields where the line holds the task's arguments alone."""
    if isinstance(value, list):
        return {"name": task, "args": tuple(value)}
    if isinstance(value, dict):
        return {"name": task, "kwargs": value}
    raise typer.BadParameter(f"must hold the arguments of {task}: an array, or an object of keyword arguments")


def fields_with_task(value: Any) -> dict[str, Any]:
    """Return a request's fields where the line names the task and more."""
    from mog.validation import did_you_mean

    if not isinstance(value, dict) or not isinstance(value.get("task"), str):
        raise typer.BadParameter('must be an object with a "task"; or give TASK on the command line')
    for key in value:
        if key not in KEYS:
            raise typer.BadParameter(
                f"{key!r} is none of {', '.join(KEYS)}; {did_you_mean(key, KEYS)}".removesuffix("; ")
            )
    args, kwargs = value.get("args", []), value.get("kwargs", {})
    for key, content, kind in (
        ("args", args, list),
        ("kwargs", kwargs, dict),
        ("metadata", value.get("metadata"), dict),
    ):
        if key in value and not isinstance(content, kind):
            raise typer.BadParameter(f'"{key}" must be an {"array" if kind is list else "object"}')
    fields: dict[str, Any] = {"name": value["task"], "args": tuple(args), "kwargs": kwargs}
    for key in OPTIONS.keys() & value.keys():
        field, parse = OPTIONS[key]
        fields[field] = parse(value[key])
    return fields


def with_defaults(fields: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line's fields, and what the command line says of all lines where the line says nothing else."""
    times: Iterable[str] = ("delay", "eta") if "delay" in fields or "eta" in fields else ()
    merged = {key: value for key, value in options.items() if key not in times} | dict(fields)
    if "metadata" in fields and "metadata" in options:
        merged["metadata"] = options["metadata"] | fields["metadata"]
    return merged
