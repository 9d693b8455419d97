"""A line: one connection after another to the same server, each made when the one before is lost."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.handshake import connect
from mog.engine.rabbitmq.server import ServerInfo
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.running_loop import running_loop
from mog.errors import ConfigError, EngineError, EngineUnavailable, NotConnected, StoreUnusable

log = logging.getLogger("mog.engine.rabbitmq")

FIRST_DELAY, LONGEST_DELAY = 0.1, 5.0
"""Seconds between tries to connect: doubled from the first to the longest, less up to a half at random."""

CLOSED = "the app is closed; connect it again"


class Line:
    """Keeps a connection until close().

    ``prepare`` sets up each new connection before anybody else uses it; what goes wrong there is a failure to connect.
    ``lost`` is told each time a connection that was in use has ended, and again when it turns out that the next cannot
    be made because something is wrong for good (StoreUnusable), which is tried again all the same;
    ``restored`` when the next is in use. Neither is told of close(). Whoever asks for the connection meanwhile gets the
    reason why there is none.
    """

    def __init__(
        self,
        settings: RabbitSettings,
        prepare: Callable[[Connection], Awaitable[None]],
        *,
        lost: Callable[[EngineError], None] = lambda _: None,
        restored: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._prepare = prepare
        self._tell_lost, self._tell_restored = lost, restored
        self._connection: Connection | None = None
        self._trouble: EngineError | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._closings = 0
        self.server: ServerInfo | None = None

    @property
    def is_open(self) -> bool:
        """Whether open() has succeeded and close() was not called, whatever the connection is like."""
        return self._keeper is not None

    def connection(self) -> Connection:
        """Return the connection in use. Raises why there is none, and NotConnected before open()."""
        if self._connection is not None and not self._connection.ended.done():
            return self._connection
        if self._keeper is None or self._connection is None:
            raise self._trouble or NotConnected(CLOSED)
        raise self._trouble or self._connection.ended.result()

    async def open(self) -> None:
        """Connect; may be repeated. Raises EngineUnavailable, StoreUnusable."""
        async with self._opening:
            if self._keeper is not None:
                return
            closings = self._closings
            connection = await self._connect()
            if self._closings != closings:
                await connection.close()
                raise NotConnected(CLOSED)
            self._keeper = asyncio.get_running_loop().create_task(self._keep(connection))

    async def close(self) -> None:
        """Hang up, and connect no more. Never raises; may be repeated."""
        self._closings += 1
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def abandon(self) -> None:
        """Let go of the socket; see :meth:`Transport.abandon`."""
        keeper, self._keeper = self._keeper, None
        connection, self._connection = self._connection, None
        if keeper is not None and running_loop() is keeper.get_loop():
            keeper.cancel()
        if connection is not None:
            connection.abandon()

    async def _connect(self) -> Connection:
        connection = await connect(self._settings)
        try:
            await self._prepare(connection)
            if connection.ended.done():
                raise connection.ended.result()
        except BaseException:
            await connection.close()
            raise
        self._connection, self._trouble, self.server = connection, None, connection.server
        return connection

    async def _keep(self, connection: Connection) -> None:
        """Make a new connection whenever one has ended."""
        while True:
            error = await asyncio.shield(connection.ended)
            log.warning("%s; connecting again", error)
            self._tell(self._tell_lost, error)
            connection = await self._connect_again()
            log.info("%s is back", self._settings.label)
            self._tell(self._tell_restored)

    def _tell(self, listener: Callable[..., None], *arguments: EngineError) -> None:
        try:
            listener(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever they do, the next connection must be made
            context = {"message": "who was told of a connection failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    async def _connect_again(self) -> Connection:
        delay = FIRST_DELAY
        while True:
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - keeps many clients apart, no secret
            delay = min(2 * delay, LONGEST_DELAY)
            try:
                return await self._connect()
            except ConfigError as error:  # a certificate that could be read before
                self._note(StoreUnusable(str(error)))
            except EngineError as error:
                self._note(error)

    def _note(self, trouble: EngineError) -> None:
        known, self._trouble = self._trouble, trouble
        if not isinstance(trouble, EngineUnavailable) and str(trouble) != str(known):
            log.error("%s", trouble)
            self._tell(self._tell_lost, trouble)
