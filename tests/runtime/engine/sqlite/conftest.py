"""Engines on a file and in memory, by a clock that tests turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from mog.engine.contracts import Engine
from mog.engine.sqlite.engine import file_engine, memory_engine, memory_room
from mog.testing.clock import VirtualClock
from mog.testing.conformance import EngineKit


class VirtualKit(EngineKit):
    def __init__(self) -> None:
        self.clock = VirtualClock()

    async def crash(self, engine: Engine) -> None:
        engine.abandon()

    def now(self) -> float:
        return self.clock()

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)


class FileKit(VirtualKit):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def make(self) -> Engine:
        return file_engine(self.path, clock=self.clock)


class MemoryKit(VirtualKit):
    def __init__(self) -> None:
        super().__init__()
        self.room = memory_room("memory://")

    def make(self) -> Engine:
        return memory_engine(self.room, clock=self.clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mog.db"


@pytest.fixture
def file_kit(path: Path) -> FileKit:
    return FileKit(path)


@pytest.fixture
def memory_kit() -> MemoryKit:
    return MemoryKit()


@pytest.fixture(params=["file", "memory"])
def kit(request: pytest.FixtureRequest) -> VirtualKit:
    kit: VirtualKit = request.getfixturevalue(f"{request.param}_kit")
    return kit
