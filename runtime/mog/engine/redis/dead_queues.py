"""The queues of which there are, or were, dead letters: RabbitMQ does not list its queues over AMQP."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hiredis import ReplyError

from mog.engine.redis.connection import Command
from mog.engine.redis.failures import of_item, of_reply
from mog.engine.redis.layout import Layout
from mog.engine.redis.scripts import Scripts


class DeadQueues:
    """A set of the full names of queues."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._key = Layout(scripts.app).of("dead_queues")

    async def add(self, queues: Iterable[str]) -> None:
        """Note queues, at least one. Raises EngineError."""
        await self._ask("SADD", self._key, *queues)

    async def all(self) -> list[str]:
        """Return all queues. Raises EngineError."""
        return sorted(name.decode() for name in await self._ask("SMEMBERS", self._key))

    async def _ask(self, *command: str) -> Any:
        asked: Command = command
        [reply] = await self._scripts.client.call([asked])
        if isinstance(reply, ReplyError):
            text = str(reply)
            raise of_reply(text, self._scripts.label) or of_item(text, self._scripts.label)
        return reply
