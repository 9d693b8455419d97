"""A random walk over the contract, with an oracle that knows what must be."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from mog.engine.contracts import Engine
from mog.engine.sqlite.engine import file_engine, memory_engine, memory_room

from .walking import EngineMachine


class FileMachine(EngineMachine):
    def make(self) -> Engine:
        return file_engine(self.directory / "mog.db", clock=self.clock)


class MemoryMachine(EngineMachine):
    def make(self) -> Engine:
        if not self.engines:
            self.room = memory_room("memory://")
        return memory_engine(self.room, clock=self.clock)


def walk(machine: type[EngineMachine], examples: int, steps: int) -> None:
    machine.steps = 0
    case = machine.TestCase()
    case.settings = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    case.runTest()
    print(f"{machine.__name__}: {machine.steps} steps in {examples} walks")
    assert machine.steps > examples * steps / 10, "the walks are too short to show anything"


@pytest.mark.parametrize(("machine", "examples"), [(FileMachine, 15), (MemoryMachine, 50)])
def test_random_walks(machine: type[EngineMachine], examples: int) -> None:
    walk(machine, examples, 60)


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(("machine", "examples"), [(FileMachine, 300), (MemoryMachine, 1500)])
def test_long_random_walks(machine: type[EngineMachine], examples: int) -> None:
    walk(machine, examples, 120)
