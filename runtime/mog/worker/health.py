"""``/livez``, ``/readyz`` and ``/metrics`` over HTTP.

A small server on asyncio streams: GET and HEAD, one request a connection, everything bounded in size and time. It
needs no web framework and answers from a thread that runs no user code, in a worker process (:class:`HealthThread`)
or for a whole fleet of them in their supervisor.
"""

from __future__ import annotations

import asyncio
import os
import socket
import traceback
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Protocol

from mog.errors import ConfigError
from mog.worker.metrics import CONTENT_TYPE, Figures, exposition
from mog.worker.side_thread import SideThread

REQUEST_SIZE = 8 * 1024
"""Bytes of a request's line and headers; probes and scrapers send a few hundred."""

REQUEST_TIME = 5.0
"""Seconds in which a request must have come, and in which its answer must have been taken."""

LINGER_TIME = 0.5
"""Seconds in which a client may go on sending what is not read; closing at once would cost it the answer."""

CONNECTIONS = 32
"""Open at a time; a probe and a scraper need two."""

TEXT = "text/plain; charset=utf-8"


class Source(Protocol):
    """Whose health it is."""

    async def problems(self) -> Sequence[str]:
        """Say in a line each why no tasks are taken; empty if they are. In a few seconds at most."""

    async def figures(self) -> Figures:
        """Return what ``/metrics`` tells. In a few seconds at most."""


Answer = tuple[HTTPStatus, str, bytes]
"""Status, content type, body."""


def listen(address: str) -> socket.socket:
    """Listen on ``host:port``, or on ``:port`` for 127.0.0.1 alone; port 0 takes a free one. Raises ConfigError."""
    host, port = _parsed(address)
    try:
        family, *_, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((str(where[0]), port), family=family)
    except socket.gaierror:
        raise ConfigError(f"the address for health {address!r} has an unknown host, {host}") from None
    except OSError as error:
        why = os.strerror(error.errno or 0)  # `error.strerror` has the address in it again
        raise ConfigError(f"cannot serve health on {address}: {why}") from None


def _parsed(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    plain = colon and (bracketed or ":" not in host)
    if not plain or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"{address!r} is no address for health; write :8080, 0.0.0.0:8080 or [::1]:8080")
    return (host[1:-1] if bracketed else host) or "127.0.0.1", int(port)


def url_of(listener: socket.socket) -> str:
    """Return the URL at which it can be reached, as far as the socket knows."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class HealthServer:
    """Answers on one listening socket, on the running loop, while the ``async with`` block runs."""

    def __init__(self, listener: socket.socket, source: Source) -> None:
        self._listener = listener
        self._source = source
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> None:
        self._server = await asyncio.start_server(self._accept, sock=self._listener, limit=REQUEST_SIZE)

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._open:
            connection.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= CONNECTIONS:
            writer.transport.abort()
            return
        connection = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._open.add(connection)
        connection.add_done_callback(self._open.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, TimeoutError):  # the client has gone, or is too slow
                await self._exchange(reader, writer)
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIME):
                head = await reader.readuntil(b"\r\n\r\n")
        except TimeoutError:
            method, answer = "GET", _text(HTTPStatus.REQUEST_TIMEOUT)
        except asyncio.LimitOverrunError:
            method, answer = "GET", _text(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        except asyncio.IncompleteReadError:
            return
        else:
            method, answer = await self._answer(head)
        async with asyncio.timeout(REQUEST_TIME):
            writer.write(_encoded(method, answer))
            await writer.drain()
            writer.write_eof()
        async with asyncio.timeout(LINGER_TIME):
            while await reader.read(REQUEST_SIZE):
                pass

    async def _answer(self, head: bytes) -> tuple[str, Answer]:
        method, target, protocol = [*head.decode("latin-1").split("\r\n", 1)[0].split(" "), "", ""][:3]
        if not protocol.startswith("HTTP/1."):
            return "GET", _text(HTTPStatus.BAD_REQUEST)
        if method not in ("GET", "HEAD"):
            return "GET", _text(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            return method, await self._page(target.partition("?")[0])
        except Exception:  # noqa: BLE001 - told as it is; a logging handler is user code, and must not run here
            os.write(2, traceback.format_exc().encode())
            return method, _text(HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _page(self, path: str) -> Answer:
        match path:
            case "/livez":
                return _text(HTTPStatus.OK, "alive")
            case "/readyz":
                problems = await self._source.problems()
                return _text(HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK, *(problems or ["ready"]))
            case "/metrics":
                try:
                    return HTTPStatus.OK, CONTENT_TYPE, exposition(await self._source.figures())
                except ConfigError as error:
                    return _text(HTTPStatus.NOT_IMPLEMENTED, str(error))
            case _:
                return _text(HTTPStatus.NOT_FOUND, "there are /livez, /readyz and /metrics")


def _text(status: HTTPStatus, *lines: str) -> Answer:
    return status, TEXT, "".join(f"{line}\n" for line in lines or (status.phrase,)).encode()


def _encoded(method: str, answer: Answer) -> bytes:
    status, content_type, body = answer
    headers = {"Content-Type": content_type, "Content-Length": len(body), "Cache-Control": "no-store"}
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "GET, HEAD"
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("ascii")
    return head if method == "HEAD" else head + body


class HealthThread(SideThread):
    """Serves the health of a worker that has no supervisor."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__()
        self._listener = listener

    async def serve(self) -> None:
        """Answer until cancelled."""
        async with HealthServer(self._listener, self):
            self.has_begun()
            await asyncio.Event().wait()

    def close_after_fork(self) -> None:
        """Let go of the port: a child that outlives the worker would keep its successor from it."""
        self._listener.close()

    async def problems(self) -> Sequence[str]:
        """See :class:`Source`."""
        report = await self.vitals.report()
        return [] if report.problem is None else [report.problem]

    async def figures(self) -> Figures:
        """See :class:`Source`."""
        report = await self.vitals.report(depths=True)
        return Figures(report.app, report.tally, {1: report}, depths=report.depths)
