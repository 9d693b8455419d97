"""A server in a thread of the test's own, and an editor that speaks with it through pipes."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lint.scratch import ScratchProject
from tests.lint.server.editor import Editor

from mog_lint.server.server import MogServer
from mog_lint.server.serving import converse


@pytest.fixture
def server() -> Iterator[MogServer]:
    found = MogServer("0.0.0", pause=0.005)
    yield found
    found.close()


@pytest.fixture
def editor(server: MogServer) -> Iterator[Editor]:
    to_server, from_editor = os.pipe()
    to_editor, from_server = os.pipe()
    source, sink = os.fdopen(to_server, "rb"), os.fdopen(from_server, "wb")

    def serve() -> None:
        with source, sink:
            converse(server, source, sink)

    thread = threading.Thread(target=serve)
    thread.start()
    with os.fdopen(to_editor, "rb") as heard, os.fdopen(from_editor, "wb") as said:
        found = Editor(heard, said)
        yield found
        said.close()
        thread.join(20)
        assert not thread.is_alive()
        found.wait_for_end()


@pytest.fixture
def project(tmp_path: Path) -> ScratchProject:
    return ScratchProject(tmp_path / "shop")
