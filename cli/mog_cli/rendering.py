"""Tasks and values as text and as JSON."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mog import Result


def value_text(value: Any, *, as_json: bool) -> str:
    """Write a task's value: a text as it is, anything else as JSON in one line."""
    from pydantic_core import to_json

    if isinstance(value, str) and not as_json:
        return value
    return to_json(value, inf_nan_mode="constants", fallback=str).decode()


def plain(value: Any) -> Any:
    """Return a task's value as what JSON knows."""
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value, inf_nan_mode="constants", fallback=str)


def result_fields(result: Result[Any]) -> dict[str, Any]:
    """Return what is known of a task, for JSON: times in ISO 8601, lengths in seconds."""
    return {
        "id": str(result.id),
        "name": result.name,
        "state": str(result.state),
        "queue": result.queue,
        "priority": result.priority,
        "arguments": result.request_kwargs_repr,
        "created": iso(result.created),
        "due": iso(result.due),
        "started": iso(result.started),
        "finished": iso(result.finished),
        "queue_time": seconds(result.queue_time),
        "duration": seconds(result.duration),
        "starts": result.number_of_starts,
        "stops": result.number_of_stops,
        "node": result.node_id,
        "parent": None if result.parent_id is None else str(result.parent_id),
    }


def iso(moment: datetime | None) -> str | None:
    """Write a point of time for programs."""
    return None if moment is None else moment.isoformat()


def seconds(length: timedelta | None) -> float | None:
    """Write a length of time for programs."""
    return None if length is None else length.total_seconds()


def local(moment: datetime | None) -> str:
    """Write a point of time for people, in their own zone; nothing for none."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def short_length(length: timedelta | None) -> str:
    """Write a length of time for people: 0.102 s, 12.3 s, 5:01, 2:05:01; nothing for none."""
    if length is None:
        return ""
    total = length.total_seconds()
    if total < 60:
        return f"{total:.3f} s" if total < 10 else f"{total:.1f} s"
    hours, rest = divmod(round(total), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
