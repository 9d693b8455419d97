"""Heartbeats: proof to the server that we are there, and the end of a connection on which it is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mog.engine.rabbitmq import failures, frames

if TYPE_CHECKING:
    from mog.engine.rabbitmq.connection import Connection

SILENCE = 1.5
"""Heartbeats without a word from the server after which it counts as gone; it sends two in each."""

LATE = 0.5
"""Heartbeats by which a beat may be late; after that this process slept, and what was sent meanwhile is read first."""


class Pulse:
    """Looks at a connection four times in each heartbeat (seconds)."""

    def __init__(self, connection: Connection, heartbeat: float) -> None:
        self._connection = connection
        self._heartbeat = heartbeat
        self._arm()

    def stop(self) -> None:
        """Beat no more."""
        self._timer.cancel()

    def _arm(self) -> None:
        self._due = self._connection.loop.time() + self._heartbeat / 4
        self._timer = self._connection.loop.call_at(self._due, self._beat)

    def _beat(self) -> None:
        connection, now = self._connection, self._connection.loop.time()
        on_time = now - self._due < LATE * self._heartbeat
        if on_time and now - connection.heard > SILENCE * self._heartbeat:
            connection.end(failures.silent(connection.settings, now - connection.heard))
            return
        if now - connection.said > self._heartbeat / 4:
            connection.send(frames.HEARTBEAT)
        self._arm()
