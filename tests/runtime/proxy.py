"""A TCP proxy that does to connections what networks do: cut, stall, slow down, lose one direction."""

from __future__ import annotations

import asyncio
import ssl
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

CHUNK = 65_536


@dataclass
class Flow:
    """One direction of all connections. ``open`` lets bytes pass; what comes meanwhile waits, as on a dead wire."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    delay: float = 0.0
    """Seconds that each chunk takes."""
    chunk: int = CHUNK
    passed: int = 0
    """Bytes so far."""
    limit: int | None = None
    """Bytes after which the connections are cut."""

    def __post_init__(self) -> None:
        self.open.set()


class Proxy:
    """Listens on a port of its own and passes on to ``host:port``."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._target = host, port
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._servers: set[asyncio.StreamWriter] = set()
        self._finished: weakref.WeakSet[asyncio.StreamWriter] = weakref.WeakSet()
        self.port = 0
        self.url = ""
        self.connections = 0
        """Accepted so far."""
        self.up, self.down = Flow(), Flow()
        """From the clients to the server, and back."""

    async def listen(self) -> None:
        """Take connections, on the same port as before."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Take no connections: who tries finds nobody listening. Those that there are live on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def cut(self) -> None:
        """Break all connections at once; bytes on their way are lost."""
        for writer in self._clients | self._servers:
            writer.transport.abort()

    def stall(self) -> None:
        """Let nothing through in either direction, and say nothing of it: a half-open connection."""
        self.up.open.clear()
        self.down.open.clear()

    def heal(self) -> None:
        """Let everything through again."""
        for flow in (self.up, self.down):
            flow.open.set()
            flow.delay, flow.chunk, flow.limit = 0.0, CHUNK, None

    def finish_server_side(self) -> None:
        """Tell the clients that the server sends nothing more, and go on passing on what they send."""
        for writer in self._clients.difference(self._finished):
            writer.write_eof()
            self._finished.add(writer)

    async def close(self) -> None:
        """End all."""
        await self.refuse()
        self.cut()
        for pump in self._pumps:
            pump.cancel()
        if self._pumps:
            await asyncio.wait(self._pumps)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._clients.add(writer)
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        self._servers.add(server_writer)
        for source, sink, flow in ((reader, server_writer, self.up), (server_reader, writer, self.down)):
            pump = asyncio.create_task(self._pump(source, sink, flow))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, flow: Flow) -> None:
        with suppress(OSError):
            while data := await source.read(flow.chunk):
                await flow.open.wait()
                if flow.delay:
                    await asyncio.sleep(flow.delay)
                if flow.limit is not None and flow.passed + len(data) > flow.limit:
                    sink.write(data[: flow.limit - flow.passed])
                    self.cut()
                    break
                flow.passed += len(data)
                if sink not in self._finished:
                    sink.write(data)
                    await sink.drain()
        self._clients.discard(sink)
        self._servers.discard(sink)
        sink.transport.abort()


@asynccontextmanager
async def proxy_to(url: str, default_port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    """Run a proxy before the server of a URL, which speaks TLS where told; its own ``url`` leads through it."""
    parts = urlsplit(url)
    proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or default_port, tls)
    await proxy.listen()
    credentials, at, _ = parts.netloc.rpartition("@")
    proxy.url = urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{proxy.port}"))
    try:
        yield proxy
    finally:
        await proxy.close()
