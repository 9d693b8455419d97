"""The I/O thread: an event loop on a thread of its own, on which an engine lives.

No user code runs there, not even logging handlers, so whatever user code does, connections and claims are kept alive
as long as the interpreter lets other threads run. A call costs one wake-up per burst each way (see ``mailbox.py``).

A forked child has no such thread. It drops the parent's, with its handles, and starts one at its first call.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import threading
from collections.abc import Callable
from contextlib import suppress
from selectors import DefaultSelector
from typing import Any

from mog.engine.caller import Caller
from mog.engine.contracts import Engine
from mog.engine.host import Host
from mog.engine.log_relay import LogRelay, divert_loggers
from mog.engine.port import CLOSE_TIMEOUT, Port


class ThreadPort(Port):
    """A port whose engine lives on an I/O thread, one for this port; the thread runs from first use to close."""

    _thread: IoThread | None = None

    async def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """See :meth:`Port.close`."""
        thread = self._begin_close(timeout)
        if thread is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await asyncio.shield(asyncio.wrap_future(thread.ended))
            thread.log_relay.flush()

    def close_blocking(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """See :meth:`Port.close_blocking`; in this thread."""
        thread = self._begin_close(timeout)
        if thread is not None:
            with suppress(TimeoutError):
                thread.ended.result(timeout)
            thread.log_relay.flush()

    def ping(self, pong: Callable[[], None]) -> None:
        """See :meth:`Port.ping`."""
        with suppress(RuntimeError):  # the loop has just been closed: nothing is late there
            self._running_host().loop.call_soon_threadsafe(pong)

    def _begin_close(self, timeout: float) -> IoThread | None:
        """Have the thread close, and return it; again, if it is already about to."""
        thread = self._thread
        if self._take_host() is not None and thread is not None:
            atexit.unregister(self.close_blocking)
            with suppress(RuntimeError):  # the loop is closed
                thread.host.loop.call_soon_threadsafe(thread.finish, 0.9 * timeout)
        return thread

    def _host_for(self, loop: asyncio.AbstractEventLoop) -> Host:  # noqa: ARG002 - one host for all loops
        return self._host or self._start()

    def _running_host(self) -> Host:
        return self._host or self._start()

    def _start(self) -> Host:
        with self._lock:
            self._check_open()
            if self._host is None:
                self._thread = IoThread(self._factory())
                divert_loggers()
                self._thread.start()
                self._host = self._thread.host
                atexit.register(self.close_blocking)
            return self._host

    def _meet(self, loop: asyncio.AbstractEventLoop, host: Host) -> Caller:
        if self._thread is not None and self._thread.host is host:
            self._thread.log_relay.adopt(loop)
        return super()._meet(loop, host)

    def _wait_here(self, future: concurrent.futures.Future[Any], timeout: float | None) -> Any:
        try:
            return future.result(timeout)
        finally:
            if self._thread is not None:
                self._thread.log_relay.flush()

    def _forked(self) -> None:
        thread, self._thread = self._thread, None
        super()._forked()
        if thread is not None:
            atexit.unregister(self.close_blocking)
            thread.abandon()


class IoThread(threading.Thread):
    """Runs one engine's host. ``ended`` is settled when everything is closed."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(name="mog-io", daemon=True)  # daemon: a forgotten port does not keep the process from ending
        self.log_relay = LogRelay()
        self.ended: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._selector = DefaultSelector()
        self.host = Host(asyncio.SelectorEventLoop(self._selector), engine)

    def run(self) -> None:
        """Run the loop until :meth:`finish`."""
        loop = self.host.loop
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(self.host.close(1.0))  # done already, unless the loop broke down
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
            self.host.inbox.give_up()
            self.ended.set_result(None)

    def finish(self, timeout: float) -> None:
        """Close within ``timeout`` seconds, then end; on the loop."""
        self.host.close(timeout).add_done_callback(lambda _: self.host.loop.stop())

    def abandon(self) -> None:
        """Close, in a forked child, what the child has of the loop, without touching what it shares with the parent.

        loop.close() would take its wake-up socket out of the epoll set, which is the parent's too.
        """
        self._selector.close()
        _left_behind.append(self)


_left_behind: list[IoThread] = []
"""Threads of a parent process: their loops must not be collected, which would close them."""
