"""An engine on the caller's own loop, for ``memory://``: no thread between, and a test can turn its clock.

The engine lives on the loop that first used it. When that loop runs no more (a test's loop that was closed), it moves
to the next that calls: a new engine is made, so the engines of one factory must share one store. Calls from other
threads cross over to its loop. A program that calls without any loop gets an I/O thread after all. Blocking calls while
the engine's loop stands idle, as it does between two tests, run that loop until they are answered.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from mog.engine.host import Host
from mog.engine.io_thread import ThreadPort
from mog.engine.port import CLOSE_TIMEOUT, EngineFactory
from mog.engine.running_loop import running_loop


class InlinePort(ThreadPort):
    """A port whose engine lives on the loop of its callers, and on an I/O thread only where there is no loop."""

    def __init__(self, engine_factory: EngineFactory) -> None:
        super().__init__(engine_factory)
        self._turns = threading.Condition()
        self._driven = False

    async def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """See :meth:`Port.close`."""
        if self._is_threaded():
            await super().close(timeout)
        elif (host := self._take_host()) is None:
            return
        elif host.loop is asyncio.get_running_loop():
            await asyncio.shield(host.close(timeout))
        elif host.loop.is_running():
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await asyncio.shield(asyncio.wrap_future(_close_there(host, timeout)))
        else:
            host.desert()

    def close_blocking(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """See :meth:`Port.close_blocking`; in this thread."""
        if self._is_threaded():
            super().close_blocking(timeout)
        elif (host := self._take_host()) is None:
            return
        elif host.loop is running_loop():
            _close_there(host, timeout)  # it ends once this returns to the loop
        elif host.loop.is_running():
            with suppress(TimeoutError):
                _close_there(host, timeout).result(timeout)
        elif host.loop.is_closed() or running_loop() is not None:
            host.desert()
        else:
            host.loop.run_until_complete(_close(host, timeout))

    def ping(self, pong: Callable[[], None]) -> None:
        """See :meth:`Port.ping`."""
        if self._running_host().loop is running_loop():
            pong()
        else:
            super().ping(pong)

    def _host_for(self, loop: asyncio.AbstractEventLoop) -> Host:
        host = self._host
        if host is not None and self._serves(host, loop):
            return host
        with self._lock:
            host = self._host
            if host is None or not self._serves(host, loop):
                self._check_open()
                self._move_out()
                host = self._host = Host(loop, self._factory())
            return host

    def _running_host(self) -> Host:
        loop = running_loop()
        if loop is not None:
            return self._host_for(loop)
        host = self._host
        if host is not None and not host.loop.is_closed():
            return host
        with self._lock:
            if self._host is host:
                self._move_out()
            return super()._running_host()

    def _move_out(self) -> None:
        """Leave a loop that runs no more."""
        host, self._host = self._host, None
        self._callers = {}
        if host is not None:
            host.desert()

    def _is_threaded(self) -> bool:
        return self._thread is not None and self._host in {self._thread.host, None}

    def _serves(self, host: Host, loop: asyncio.AbstractEventLoop) -> bool:
        return host.loop is loop or self._is_alive(host)

    def _is_alive(self, host: Host) -> bool:
        """Tell whether the loop of ``host`` runs, or is about to."""
        return host.loop.is_running() or (self._thread is not None and self._thread.host is host)

    def _wait_here(self, future: concurrent.futures.Future[Any], timeout: float | None) -> Any:
        host = self._host
        if host is None or (self._is_alive(host) and not self._driven) or host.loop.is_closed():
            return super()._wait_here(future, timeout)
        until = None if timeout is None else time.monotonic() + timeout
        future.add_done_callback(self._notify)
        with self._turns:  # one thread at a time can run a loop
            if not self._turns.wait_for(lambda: future.done() or not self._driven, timeout):
                raise TimeoutError
            if future.done():
                return future.result()
            self._driven = True
        try:
            return host.loop.run_until_complete(_result(future, None if until is None else until - time.monotonic()))
        finally:
            self._driven = False
            self._notify(future)

    def _notify(self, _: concurrent.futures.Future[Any]) -> None:
        with self._turns:
            self._turns.notify_all()

    def _forked(self) -> None:
        super()._forked()
        self._turns = threading.Condition()
        self._driven = False


async def _result(future: concurrent.futures.Future[Any], timeout: float | None) -> Any:
    async with asyncio.timeout(timeout):
        return await asyncio.shield(asyncio.wrap_future(future))  # a timeout does not undo the operation


async def _close(host: Host, timeout: float) -> None:
    await host.close(timeout)


def _close_there(host: Host, timeout: float) -> concurrent.futures.Future[None]:
    return asyncio.run_coroutine_threadsafe(_close(host, timeout), host.loop)
