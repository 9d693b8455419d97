"""A channel's messages, over a connection of their own that is made again when it is lost."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

from hiredis import ReplyError

from mog.engine.redis.connection import Connection, ConnectionOwner, pack
from mog.engine.redis.failures import of_item, of_reply
from mog.engine.redis.settings import RedisSettings
from mog.errors import EngineError

log = logging.getLogger("mog.engine.redis")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between attempts to connect again: doubled from the first to the longest, and spread by a half."""


class Subscription(ConnectionOwner):
    """Passes on what comes over a channel. What is published while the connection is lost does not come.

    ``begun`` is called whenever the channel is subscribed: from then on nothing is missed.
    """

    def __init__(
        self, settings: RedisSettings, channel: str, heard: Callable[[bytes], None], begun: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._channel = channel
        self._heard = heard
        self._begun = begun
        self._pause = FIRST_PAUSE
        self._warned = False

    async def begin(self) -> None:
        """Subscribe unless it is; return once that is done, or has failed: then it is tried again in the background."""
        if self._connection is None:
            if self._connecting is None:
                self._connecting = asyncio.get_running_loop().create_task(self._connect())
                await asyncio.wait([self._connecting])
            elif self._pause == FIRST_PAUSE:  # somebody's first attempt is under way
                await asyncio.wait([self._connecting])

    def ask(self) -> None:
        """Have the server answer, so that a dead connection is found out."""
        if self._connection is not None:
            self._connection.send(pack([("PING",)]), 1).add_done_callback(_ignore)

    async def _connect(self) -> None:
        connection = Connection(self._settings, self._lost, self._take)
        try:
            await connection.open()
            [reply] = await connection.send(pack([("SUBSCRIBE", self._channel)]), 1)
            if isinstance(reply, ReplyError):
                raise of_reply(str(reply), str(self._settings)) or of_item(str(reply), str(self._settings))
        except EngineError as error:
            connection.close()
            self._failed(error)
        except BaseException:
            connection.close()
            raise
        else:
            self._connection, self._connecting, self._pause = connection, None, FIRST_PAUSE
            self._begun()

    def _failed(self, error: EngineError) -> None:
        if not self._warned:
            log.warning("ends of tasks are told with up to a second's delay until this is over: %s", error)
            self._warned = True
        pause, self._pause = self._pause * random.uniform(1, 1.5), min(2 * self._pause, LONGEST_PAUSE)  # noqa: S311 - spreads load
        self._connecting = asyncio.get_running_loop().create_task(self._connect_after(pause))

    async def _connect_after(self, pause: float) -> None:
        await asyncio.sleep(pause)
        await self._connect()

    def _lost(self, error: EngineError) -> None:
        self._connection = None
        if self._connecting is None:
            self._failed(error)

    def _take(self, message: list[Any]) -> None:
        self._heard(message[2])


def _ignore(answer: asyncio.Future[list[Any]]) -> None:
    """Take note of an error, of which _lost() tells."""
    if not answer.cancelled():
        answer.exception()
