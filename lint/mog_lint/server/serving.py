"""Runs the server over the process's own input and output, until the editor ends it or has gone."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from mog_lint.model.parsing import trust_the_parser
from mog_lint.server.protocol import BrokenStream, Input, Output
from mog_lint.server.server import MogServer

log = logging.getLogger("mog.lsp")


def serve(version: str, *, verbose: bool = False) -> int:
    """Serve an editor and return the exit code: 0 where it asked for the end, 1 where it is just gone.

    What goes wrong is told on stderr, which editors keep in a log; `verbose` tells of each message, too.
    """
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    trust_the_parser()
    server = MogServer(version, jobs=os.cpu_count() or 1)
    with _own_streams() as (source, sink):
        converse(server, source, sink)
    return 0 if server.was_asked_to_end else 1


def converse(server: MogServer, source: BinaryIO, sink: BinaryIO) -> None:
    """Have a server read and write until the conversation ends, and end the server with it."""
    try:
        server.start_io(cast("BinaryIO", Input(source)), cast("BinaryIO", Output(sink)))
    except (BrokenStream, ValueError) as error:  # a length that is no number
        log.error("what the editor sends is not the language server protocol: %s", error)
    finally:
        server.close()


@contextmanager
def _own_streams() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Take stdin and stdout away from everybody else: whatever is printed goes to stderr, not between messages.

    Processes that are started inherit neither.
    """
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    with source, sink:
        yield source, sink
