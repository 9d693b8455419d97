"""The connection that commands go over: made when it is needed, and made again after it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from mog.engine.redis.connection import Command, Connection, ConnectionOwner, pack
from mog.engine.redis.settings import RedisSettings
from mog.errors import EngineError, NotConnected

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds after a failed attempt in which no other is made: doubled from the first to the longest."""


class Client(ConnectionOwner):
    """Sends commands; all callers share one connection, in which their commands stand one after the other."""

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings
        self._is_open = False
        self._failure: EngineError | None = None
        self._pause = FIRST_PAUSE
        self._not_before = 0.0

    async def open(self) -> None:
        """Connect, unless it is. Raises EngineUnavailable, StoreUnusable."""
        self._is_open = True
        try:
            await self._connected()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the connection."""
        self._is_open = False
        self._failure, self._pause, self._not_before = None, FIRST_PAUSE, 0.0
        await super().close()

    def abandon(self) -> None:
        """See :meth:`Broker.abandon`."""
        self._is_open = False
        super().abandon()

    async def call(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one go and return their answers, error replies among them.

        Raises EngineUnavailable and StoreUnusable if they could not be sent, ConnectionLost if the answers are lost,
        NotConnected before open().
        """
        connection = self._connection or await self._connected()
        return await connection.send(pack(commands), len(commands))

    async def _connected(self) -> Connection:
        if not self._is_open:
            raise NotConnected(f"the engine on {self.settings} is not open")
        if self._connection is not None:
            return self._connection
        loop = asyncio.get_running_loop()
        if self._failure is not None and loop.time() < self._not_before:
            raise type(self._failure)(*self._failure.args)
        if self._connecting is None:
            self._connecting = loop.create_task(self._connect())
            self._connecting.add_done_callback(self._connected_or_not)
        return await asyncio.shield(self._connecting)

    async def _connect(self) -> Connection:
        connection = Connection(self.settings, self._lost)
        await connection.open()
        return connection

    def _connected_or_not(self, connecting: asyncio.Task[Connection]) -> None:
        self._connecting = None
        if connecting.cancelled():
            return
        error = connecting.exception()
        if error is None:
            self._connection, self._failure, self._pause = connecting.result(), None, FIRST_PAUSE
        elif isinstance(error, EngineError):
            self._failure = error
            self._not_before = asyncio.get_running_loop().time() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _lost(self, _error: EngineError) -> None:
        self._connection = None
