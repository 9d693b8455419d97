"""Opens connections: address, socket, TLS, credentials, virtual host."""

from __future__ import annotations

import asyncio
import platform
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from typing import Any, TypeVar

from pamqp import commands
from pamqp.base import Frame
from pamqp.common import FieldTable, FieldValue

from mog.engine.rabbitmq import failures, frames
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.server import ServerInfo
from mog.engine.rabbitmq.settings import RabbitSettings

FRAME_MAX = 131_072
"""RabbitMQ's own proposal, in bytes; larger bodies are cut."""

SomeFrame = TypeVar("SomeFrame", bound=Frame)


async def connect(settings: RabbitSettings) -> Connection:
    """Connect and log in. Raises EngineUnavailable, StoreUnusable, and ConfigError for certificates of our own."""
    connection = Connection(settings, asyncio.get_running_loop())
    try:
        async with asyncio.timeout(settings.connect_timeout):
            await _reach(settings, connection)
            await _log_in(settings, connection)
    except OSError as error:
        connection.end(failures.unreachable(settings, error))
        raise connection.ended.result() from None
    except BaseException as error:
        connection.end(failures.lost(settings, error))
        raise
    finally:
        if connection.ended.done():
            await connection.close()
    return connection


async def _reach(settings: RabbitSettings, connection: Connection) -> None:
    """Connect a socket that is ours, so that it can be closed in a forked child."""
    loop = connection.loop
    tls = settings.tls
    context = tls.context() if tls is not None else None
    name = (tls.server_name or settings.host) if tls is not None else None
    sock = await _socket_to(settings, loop)
    connection.hold(sock)
    try:
        await loop.create_connection(lambda: connection, sock=sock, ssl=context, server_hostname=name)
    except BaseException:
        sock.close()
        raise


async def _socket_to(settings: RabbitSettings, loop: asyncio.AbstractEventLoop) -> socket.socket:
    """Try the host's addresses in turn; raises the last one's OSError."""
    addresses = await _addresses(settings, loop)
    failure: OSError = OSError("the host has no address")
    for family, kind, protocol, _, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


async def _addresses(settings: RabbitSettings, loop: asyncio.AbstractEventLoop) -> Sequence[tuple[Any, ...]]:
    """Look a name up, in a thread of the loop's executor; an address that is given as such needs none."""
    ask = partial(socket.getaddrinfo, settings.host, settings.port, type=socket.SOCK_STREAM)
    with suppress(socket.gaierror):
        return ask(flags=socket.AI_NUMERICHOST)
    return await loop.run_in_executor(None, ask)


async def _log_in(settings: RabbitSettings, connection: Connection) -> None:
    start = await _expect(connection, commands.Connection.Start)
    connection.server = ServerInfo.read(start.server_properties or {})
    credentials = f"\0{settings.user}\0{settings.password}"
    _say(connection, commands.Connection.StartOk(_about_us(settings), "PLAIN", credentials, "en_US"))
    tune = await _expect(connection, commands.Connection.Tune)
    connection.frame_max = _lesser(tune.frame_max or 0, FRAME_MAX)
    connection.channel_max = _lesser(tune.channel_max or 0, connection.channel_max)
    heartbeat = _lesser(tune.heartbeat or 0, settings.heartbeat)
    _say(connection, commands.Connection.TuneOk(connection.channel_max, connection.frame_max, heartbeat))
    _say(connection, commands.Connection.Open(virtual_host=settings.virtual_host))
    await _expect(connection, commands.Connection.OpenOk)
    connection.begin(heartbeat)


def _about_us(settings: RabbitSettings) -> FieldTable:
    """Return what operators see of this connection, and what we can take."""
    capabilities: dict[str, FieldValue] = {
        "authentication_failure_close": True,
        "basic.nack": True,
        "connection.blocked": True,
        "consumer_cancel_notify": True,
        "publisher_confirms": True,
    }
    return {
        "product": "mog",
        "version": version("mogkit"),
        "platform": f"{platform.python_implementation()} {platform.python_version()}",
        "connection_name": settings.name,
        "capabilities": capabilities,
    }


def _lesser(theirs: int, ours: int) -> int:
    """Return the lesser of two limits, where the server's 0 means none."""
    return min(theirs, ours) if theirs else ours


def _say(connection: Connection, request: Frame) -> None:
    connection.send(frames.method(request, 0))


async def _expect(connection: Connection, kind: type[SomeFrame]) -> SomeFrame:
    """Wait for a frame of this kind. Raises what the server has against us, or what ended the connection."""
    assert connection.greeting is not None
    while True:
        frame = await connection.greeting.get()
        if isinstance(frame, kind):
            return frame
        if isinstance(frame, commands.Connection.Close):
            _say(connection, commands.Connection.CloseOk())
            connection.end(failures.refused(connection.settings, frame.reply_code or 0, frame.reply_text or ""))
        elif not connection.ended.done():
            connection.end(failures.no_greeting(connection.settings))
        if connection.ended.done():
            raise connection.ended.result()
