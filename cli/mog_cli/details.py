"""All that is known of one thing, a line per field; and how a task ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mog_cli import output
from mog_cli.errors import one_line
from mog_cli.rendering import plain, value_text

if TYPE_CHECKING:
    from mog import Result


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print fields for people; those without a value are left out."""
    shown = {key: value for key, value in fields.items() if value not in (None, {})}
    width = max(map(len, shown))
    for key, value in shown.items():
        output.data(f"{key:{width}}  {value_text(value, as_json=False)}")


async def end_of(result: Result[Any]) -> dict[str, Any]:
    """Return the value or the error of a task that is done, as a field; nothing of another."""
    if not result.done:
        return {}
    try:
        return {"value": plain(await result.get())}
    except Exception as error:  # noqa: BLE001 - the task's own error may be of any class
        return {"error": f"{type(error).__name__}: {one_line(error)}"}
