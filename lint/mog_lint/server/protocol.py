"""The protocol's manners where pygls is short of them: what is malformed is answered, what is done is forgotten."""

from __future__ import annotations

import logging
from typing import Any, BinaryIO

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol

LONGEST_HEADER = 4_096  # bytes of one line
LARGEST_MESSAGE = 256 * 1024 * 1024  # bytes: a text of that size is no source file
LENGTH = b"content-length:"
log = logging.getLogger("mog.lsp")


class Protocol(LanguageServerProtocol):
    """pygls' protocol, strict about the order of messages."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Read a message; a request that cannot be understood is answered with the reason, so that nobody waits."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise

    def handle_message(self, message: Any) -> None:
        """Handle a message, unless it comes before `initialize` or is a second one."""
        method = getattr(message, "method", None)
        is_initialised = self._workspace is not None
        if method is not None and is_initialised == (method == types.INITIALIZE) and method != types.EXIT:
            self._refuse(message, is_initialised=is_initialised)
            return
        super().handle_message(message)
        self._forget_what_is_done()

    def _refuse(self, message: Any, *, is_initialised: bool) -> None:
        if not hasattr(message, "id"):
            log.warning("%s before initialize is ignored", message.method)
            return
        error = JsonRpcInvalidRequest("initialize comes once") if is_initialised else JsonRpcServerNotInitialized()
        self._send_response(message.id, error=error.to_response_error())

    def _forget_what_is_done(self) -> None:
        """Drop the futures of handled notifications, which pygls keeps for ever: each keystroke would leave one."""
        done = [number for number, future in self._request_futures.items() if future.done()]
        for number in done:
            self._request_futures.pop(number)


class BrokenStream(Exception):
    """What arrives is not the protocol, so that nobody can tell where the next message begins."""


class Input:
    """What the editor writes, in pieces of bearable size."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readline(self) -> bytes:
        """Return the next line of a header. Raises BrokenStream.

        What stands before a length in its line is the rest of a message that was longer than announced: it is lost.
        """
        line = self._stream.readline(LONGEST_HEADER)
        if len(line) == LONGEST_HEADER:
            raise BrokenStream("a line of a header has no end")
        rest, length, number = line.lower().rpartition(LENGTH)
        if not length:
            return line
        if rest:
            log.warning("the editor sent more than it announced")
        return b"Content-Length: %s\r\n" % number.strip()

    def read(self, size: int) -> bytes:
        """Return a message of so many bytes, less at the end of the stream. Raises BrokenStream."""
        if size > LARGEST_MESSAGE:
            raise BrokenStream(f"a message of {size} bytes is announced, and {LARGEST_MESSAGE} are the most")
        return self._stream.read(size)


class Output:
    """What the editor reads; when it has gone, nothing more is written, and the end of the input tells the rest."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._has_reader = True

    def write(self, data: bytes) -> None:
        """Write a message."""
        if not self._has_reader:
            return
        try:
            self._stream.write(data)
            self._stream.flush()
        except (OSError, ValueError):  # a broken pipe, or a stream that was closed
            self._has_reader = False
            log.warning("the editor does not listen any more")

    def flush(self) -> None:
        """Do nothing: each message is flushed."""

    def close(self) -> None:
        """Write nothing more."""
        self._has_reader = False
