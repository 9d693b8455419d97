"""Tasks and values as text and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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


def short_age(moment: datetime | None) -> str:
    """Write how long ago a point of time is, for people: 5 s, 12 min, 3 h, 40 d; nothing for none."""
    if moment is None:
        return ""
    age = max(0, round((datetime.now(UTC) - moment).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if age >= 2 * size:
            return f"{age // size} {unit}"
    return f"{age} s"


def short_length(length: timedelta | None) -> str:
    """Write a length of time for people: 0.102 s, 12.3 s, 5:01, 2:05:01; nothing for none."""
    if length is None:
        return ""
    total = length.total_seconds()
    if total < 60:
        return f"{total:.3f} s" if total < 10 else f"{total:.1f} s"
    hours, rest = divmod(round(total), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
