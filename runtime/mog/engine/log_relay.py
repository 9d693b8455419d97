"""Carries log records from the I/O thread to a thread of the user, where their handlers may run.

A handler is user code: it may block, or hold a lock that a blocked thread holds. So a record that is made on an I/O
thread stops at a filter of its logger, and comes to the same logger again on the loop that used the port last. Where
no loop is left (a script, the end of the process), it waits for the next blocking call or for the close.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Iterable

from mog.engine.mailbox import Mailbox

HELD = 1000
"""Records kept while no thread of the user comes by; older ones go first."""


class LogRelay:
    """The records of one I/O thread on their way."""

    def __init__(self) -> None:
        self._held: deque[logging.LogRecord] = deque(maxlen=HELD)
        self._mailbox: Mailbox[logging.LogRecord] | None = None

    def put(self, record: logging.LogRecord) -> None:
        """Take a record; on the I/O thread."""
        mailbox = self._mailbox
        if mailbox is None:
            self._held.append(record)
        else:
            mailbox.put(record)

    def adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on, log on ``loop``."""
        mailbox = Mailbox(loop, emit, self._hold)
        self._mailbox = mailbox
        while self._held:
            mailbox.put(self._held.popleft())

    def flush(self) -> None:
        """Log here what waits."""
        if self._mailbox is not None:
            self._mailbox.give_up()
        records = []
        while self._held:
            records.append(self._held.popleft())
        emit(records)

    def _hold(self, records: list[logging.LogRecord]) -> None:
        self._mailbox = None
        self._held.extend(records)


class _Diversion(logging.Filter):
    """Stops records on threads that have a ``log_relay``, and hands them to it."""

    def filter(self, record: logging.LogRecord) -> bool:
        relay: LogRelay | None = getattr(threading.current_thread(), "log_relay", None)
        if relay is None:
            return True
        relay.put(record)
        return False


_diversion = _Diversion()


def divert_loggers() -> None:
    """Put the filter first on every logger that engines use: mog's, and asyncio's own.

    It is a logger's filter and not a handler, because records go to handlers of all loggers above, but to the filters
    of their own alone.
    """
    for name in list(logging.root.manager.loggerDict):
        if name in {"mog", "asyncio"} or name.startswith("mog."):
            logger = logging.getLogger(name)
            if _diversion not in logger.filters:
                logger.filters.insert(0, _diversion)


def emit(records: Iterable[logging.LogRecord]) -> None:
    """Log the records on this thread."""
    for record in records:
        logging.getLogger(record.name).handle(record)
