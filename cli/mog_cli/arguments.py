"""What people write on the command line, read: values, keyword arguments, lengths and points of time."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import typer

UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


@dataclass
class Call:
    """The arguments of a task as they were written.

    ``texts`` holds the text of each value that was read as JSON, under its position or keyword, since the task may
    want just that text: ``name=123`` is a number, or the name "123".
    """

    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    texts: dict[int | str, str] = field(default_factory=dict)

    def add(self, word: str) -> None:
        """Take up one word: ``key=value`` where the key is a Python name, else a positional value."""
        key, equals, text = word.partition("=")
        if equals and key.isidentifier():
            if key in self.kwargs:
                raise typer.BadParameter(f"{key} is given twice")
            place: int | str = key
            self.kwargs[key] = value = parse_value(text)
        else:
            place, text = len(self.args), word
            self.args.append(value := parse_value(text))
        if not isinstance(value, str):
            self.texts[place] = text

    def as_text(self, places: Iterable[int | str]) -> Call:
        """Return the call with the values at these places as the texts that were written."""
        changed = Call(list(self.args), dict(self.kwargs), dict(self.texts))
        for place in places:
            text = changed.texts.pop(place, None)
            if text is None:
                continue
            if isinstance(place, str):
                changed.kwargs[place] = text
            else:
                changed.args[place] = text
        return changed


def parse_call(words: Iterable[str], args_json: str | None = None, kwargs_json: str | None = None) -> Call:
    """Read the arguments of a task from words and from ``--args`` and ``--kwargs``, which are JSON."""
    call = Call(
        parse_json(args_json, list, "--args", "an array") if args_json else [],
        parse_json(kwargs_json, dict, "--kwargs", "an object") if kwargs_json else {},
    )
    given = len(call.args)
    for word in words:
        call.add(word)
    if given and len(call.args) > given:
        raise typer.BadParameter("give the positional arguments either as words or with --args, not both")
    return call


def parse_value(text: str) -> Any:
    """Return what the text is as JSON, else the text; NaN and infinities, which JSON does not know, are text."""
    try:
        return json.loads(text, parse_constant=refuse_constant, parse_float=parse_finite)
    except (ValueError, RecursionError):
        return text


def refuse_constant(text: str) -> Any:
    """Refuse what Python's reader takes for a number though JSON does not."""
    raise ValueError(text)


def parse_finite(text: str) -> float:
    """Read a number that fits into a float."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def parse_json(text: str, kind: type, option: str, what: str) -> Any:
    """Read JSON of one kind."""
    try:
        value = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"no JSON: {error}", param_hint=option) from None
    if not isinstance(value, kind):
        raise typer.BadParameter(f"must be {what} of JSON", param_hint=option)
    return value


def parse_metadata(words: Iterable[str]) -> dict[str, Any]:
    """Read ``key=value`` words into a dict."""
    metadata = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not (key and equals):
            raise typer.BadParameter(f"{word!r} is not of the form key=value", param_hint="--metadata")
        metadata[key] = parse_value(text)
    return metadata


def parse_duration(text: str) -> timedelta:
    """Read a length of time: seconds, or numbers with units, such as 90, 1.5s, 10m, 1h30m, 2d."""
    try:
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return timedelta(seconds=float(text))
        if re.fullmatch(f"({DURATION_PART.pattern})+", text):
            parts = DURATION_PART.findall(text)
            return sum((float(number) * UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError:
        raise typer.BadParameter(f"{text} is too long") from None
    raise typer.BadParameter(f"{text!r} is no length of time; write seconds, or 5s, 10m, 2h, 1d, 1h30m")


def parse_time(text: str) -> datetime:
    """Read a point of time in ISO 8601; without an offset it is local time."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is no time; write it as 2030-12-31T23:59 or 2030-12-31T23:59+00:00"
        ) from None


def parse_deadline(text: str) -> timedelta | datetime:
    """Read a length of time from now, or a point of time."""
    if text[4:5] == "-":
        return parse_time(text)
    return parse_duration(text)


def parse_uuid(text: str) -> UUID:
    """Read the id of a task."""
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no task id, which looks like {UUID(int=0)}") from None


def parse_uuids(texts: Iterable[str]) -> list[UUID]:
    """Read the ids of tasks, each once however often it is given."""
    return list(dict.fromkeys(map(parse_uuid, texts)))
