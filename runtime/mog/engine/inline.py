"""An engine on the caller's own loop, for ``memory://``: no thread, and a test can turn its clock.

The engine moves: it lives on the loop that first used it, and when that loop runs no more (a test's loop that was
closed), on the next that comes. Moving makes a new engine, so the factory's engines must share one store. Calls from
other threads cross over to its loop. Blocking calls of a program without a loop run a private one while they wait.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from mog.engine.host import Host
from mog.engine.port import CLOSE_TIMEOUT, EngineFactory, Port
from mog.engine.running_loop import running_loop


class InlinePort(Port):
    """A port whose engine lives on the loop of its callers."""

    def __init__(self, engine_factory: EngineFactory) -> None:
        super().__init__(engine_factory)
        self._driving = threading.Lock()
        self._private: asyncio.AbstractEventLoop | None = None

    async def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """See :meth:`Port.close`."""
        host = self._take_host()
        if host is None:
            return
        if host.loop is asyncio.get_running_loop():
            await asyncio.shield(host.close(timeout))
        elif host.loop.is_running():
            await asyncio.shield(asyncio.wrap_future(_close_there(host, timeout)))
        else:
            self._leave_behind(host)

    def close_blocking(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """See :meth:`Port.close_blocking`; in this thread."""
        host = self._take_host()
        if host is None:
            return
        if host.loop.is_running():
            with suppress(TimeoutError):
                _close_there(host, timeout).result(timeout)
        elif host.loop.is_closed() or running_loop() is not None:
            self._leave_behind(host)
        else:
            with self._driving:
                host.loop.run_until_complete(_closed(host, timeout))

    def ping(self, pong: Callable[[], None]) -> None:
        """See :meth:`Port.ping`; this is the engine's loop."""
        pong()

    def _host_for(self, loop: asyncio.AbstractEventLoop) -> Host:
        host = self._host
        if host is None or (host.loop is not loop and not host.loop.is_running()):
            return self._move_to(loop)
        return host

    def _running_host(self) -> Host:
        loop = running_loop()
        if loop is not None:
            return self._host_for(loop)
        if self._host is None or self._host.loop.is_closed():
            return self._move_to(self._private_loop())
        return self._host

    def _move_to(self, loop: asyncio.AbstractEventLoop) -> Host:
        with self._lock:
            self._check_open()
            old, self._host = self._host, Host(loop, self._factory())
            self._callers = {}
            if old is not None:
                self._leave_behind(old)
            return self._host

    def _leave_behind(self, host: Host) -> None:
        """Part from a host whose loop does not run: close it if the loop is ours, else let go."""
        if host.loop is self._private:
            closer = threading.Thread(target=lambda: host.loop.run_until_complete(_closed(host, 1.0)))
            closer.start()  # on a thread of its own, because a loop may be running in this one
            closer.join()
        else:
            host.abandon()
            host.inbox.give_up()

    def _private_loop(self) -> asyncio.AbstractEventLoop:
        if self._private is None:
            self._private = asyncio.new_event_loop()
            weakref.finalize(self, self._private.close)
        return self._private

    def _wait_here(self, future: concurrent.futures.Future[Any], timeout: float | None) -> Any:
        host = self._running_host()
        if host.loop is not self._private and host.loop.is_running():
            return future.result(timeout)
        if not self._driving.acquire(timeout=-1 if timeout is None else timeout):
            raise TimeoutError
        try:
            return host.loop.run_until_complete(_result(future, timeout))
        finally:
            self._driving.release()

    def _forked(self) -> None:
        super()._forked()
        self._driving = threading.Lock()
        self._private = None


async def _result(future: concurrent.futures.Future[Any], timeout: float | None) -> Any:
    async with asyncio.timeout(timeout):
        return await asyncio.wrap_future(future)


async def _closed(host: Host, timeout: float) -> None:
    await host.close(timeout)


def _close_there(host: Host, timeout: float) -> concurrent.futures.Future[None]:
    return asyncio.run_coroutine_threadsafe(_closed(host, timeout), host.loop)
