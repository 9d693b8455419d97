"""State: what a task keeps between its runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from pydantic_core import PydanticSerializationError, from_json, to_json

from mog.engine.port import Port
from mog.errors import StateValueError


class State:
    """A few JSON values under keys that outlive crashes, pauses and hand-overs, and go when the task ends.

    Values are what JSON holds: str, int, float, bool, None, lists and dicts of them. Every method may raise
    EngineUnavailable.
    """

    def __init__(self, port: Callable[[], Port], request_id: UUID) -> None:
        self._port = port
        self.request_id = request_id

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the value under ``key``, or ``default``."""
        content = await self._port().call("state.get", (self.request_id, key))
        return default if content is None else from_json(content)

    async def set(self, key: str, value: Any) -> None:
        """Keep ``value`` under ``key``. Raises StateValueError for what JSON cannot hold."""
        await self._port().call("state.set", (self.request_id, key, encode_state(key, value)))

    async def pop(self, key: str, default: Any = None) -> Any:
        """Remove the value under ``key`` and return it, or ``default``."""
        content = await self._port().call("state.pop", (self.request_id, key))
        return default if content is None else from_json(content)

    async def clear(self) -> None:
        """Remove all values."""
        await self._port().call("state.clear", self.request_id)


def encode_state(key: str, value: Any) -> bytes:
    """Return ``value`` as JSON text. Raises StateValueError, which names ``key``."""
    try:
        return to_json(value, inf_nan_mode="constants")
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise StateValueError(f"State keeps JSON values only; the value for {key!r} is none: {error}") from None
