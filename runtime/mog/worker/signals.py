"""Signals that get through to a process whose main thread is blocked.

Python runs a signal's handler on the main thread, between two of its instructions: never while a C call holds it, and
asyncio's own handling waits for the loop besides. But the interpreter's C handler writes the number of every signal to
a file descriptor at once (``signal.set_wakeup_fd``). A thread of ours sleeps in a read on the other end.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import traceback
import weakref
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

WATCHED = (signal.SIGTERM, signal.SIGINT)

OnSignal = Callable[[int, int], None]
"""Takes how many signals have come with this one, and its number; called on the watch thread."""

_END = 0
"""The byte that ends the watch thread; no signal has this number."""

_watches: weakref.WeakSet[SignalWatch] = weakref.WeakSet()


class SignalWatch:
    """Calls ``on_signal`` for each SIGTERM and SIGINT, on a thread of its own, from start to stop.

    Off the main thread, where signals cannot be handled, ``start`` does nothing and ``enabled`` stays False. Handlers
    and wake-up descriptor of before are back after ``stop``, and while it watches, an event loop that had set the
    descriptor still hears of its own signals. If a loop takes the descriptor later (``loop.add_signal_handler``), the
    watch takes it back at the next signal.
    """

    def __init__(self, on_signal: OnSignal) -> None:
        self._on_signal = on_signal
        self._count = 0
        self._handlers: dict[signal.Signals, Any] = {}
        self._forward = -1
        self._reader: socket.socket | None = None
        self._writer: socket.socket | None = None
        self._thread: threading.Thread | None = None

    @property
    def enabled(self) -> bool:
        """Whether it watches."""
        return self._thread is not None

    def start(self) -> Self:
        """Begin to watch, and return self."""
        if self.enabled or threading.current_thread() is not threading.main_thread():
            return self
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)  # set_wakeup_fd asks for it
        self._thread = threading.Thread(target=self._watch, args=(self._reader,), name="mog-watch", daemon=True)
        self._thread.start()
        self._forward = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for signum in WATCHED:
            self._handlers[signum] = signal.signal(signum, self._handle)
        _watches.add(self)
        return self

    def stop(self) -> None:
        """Put back what was there before, and end the thread; on the main thread. May be repeated."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._restore()
        with suppress(OSError):
            self._send(_END)
        if thread is not threading.current_thread():
            thread.join()
        self._close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _restore(self) -> None:
        _watches.discard(self)
        for signum, handler in self._handlers.items():
            if signal.getsignal(signum) == self._handle:
                signal.signal(signum, signal.SIG_DFL if handler is None else handler)
        self._handlers.clear()
        current = signal.set_wakeup_fd(-1)
        forward = self._forward if self._writer is not None and current == self._writer.fileno() else current
        if forward != -1:
            with suppress(ValueError, OSError):  # closed meanwhile
                signal.set_wakeup_fd(forward)

    def _close(self) -> None:
        for end in (self._reader, self._writer):
            if end is not None:
                end.close()
        self._reader = self._writer = None

    def _handle(self, signum: int, _frame: FrameType | None) -> None:
        """Run on the main thread, after the C handler: see that the watch has got the signal."""
        if self._writer is None:
            return
        current = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        if current != self._writer.fileno():
            self._forward = current
            self._send(signum)

    def _send(self, byte: int) -> None:
        if self._writer is not None:
            self._writer.send(bytes((byte,)))

    def _watch(self, reader: socket.socket) -> None:
        while True:
            received = reader.recv(4096)
            for byte in received:
                if byte == _END:
                    return
                if byte in WATCHED:
                    self._call(byte)
            if self._forward != -1:
                with suppress(OSError):  # its owner has closed it
                    os.write(self._forward, received)

    def _call(self, signum: int) -> None:
        self._count += 1
        try:
            self._on_signal(self._count, signum)
        except Exception:  # noqa: BLE001 - the watch must live on; a logging handler may be what hangs
            os.write(2, traceback.format_exc().encode())


_mask = threading.local()


def _before_fork() -> None:
    """Hold signals back while a child has handlers, and a descriptor, that are its parent's."""
    if _watches:
        _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)


def _after_fork() -> None:
    before = getattr(_mask, "before", None)
    if before is not None:
        _mask.before = None
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _after_fork_in_child() -> None:
    """Give signals their old handlers back: what is sent to the child is not for the worker."""
    for watch in list(_watches):
        watch._thread = None
        watch._restore()
        watch._close()
    _after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
