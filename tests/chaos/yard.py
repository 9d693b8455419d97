"""A store, an app that submits to it, and worker processes beside it: the scene of a test with real processes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.chaos.ledger import Event
from tests.chaos.notes import Note, read_notes
from tests.chaos.processes import PATIENCE, Child, start_worker, wait_until
from tests.chaos.sqlite_ledger import SqliteLedger

from mog import App, Result


class Yard:
    """The scene; ``module`` is where the workers find their App, which must be named ``chaos``."""

    def __init__(self, directory: Path, module: str, store: Path | None = None) -> None:
        self.directory = directory
        self.module = module
        self.ledger = SqliteLedger(store or directory / "mog.db")
        self.app = App("chaos", broker=f"sqlite:///{self.ledger.path}")
        self.children: list[Child] = []

    def worker(self, *options: str, wait: bool = True, **settings: object) -> Child:
        """Start a worker, with settings as AppConfig knows them, and wait until it consumes."""
        environment: Mapping[str, str] = {f"MOG_{name.upper()}": str(value) for name, value in settings.items()}
        worker = start_worker(self.directory, self.module, *options, environment=environment, store=self.ledger.path)
        self.children.append(worker)
        if wait:
            self.wait_until(lambda: worker.pid in self.ledger.consuming(), "the worker consumes")
        return worker

    async def submit(self, name: str, *args: Any, **kwargs: Any) -> Result[Any]:
        """Submit a task by its name."""
        return await self.app.submit(name, *args, **kwargs)

    async def value(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Submit a task, and return its value or raise its error, soon."""
        return await self.value_of(await self.submit(name, *args, **kwargs))

    async def value_of(self, result: Result[Any]) -> Any:
        """Return the value of a task that is about to end, or raise its error."""
        await result.wait(timeout=PATIENCE)
        return await result.get()

    def notes(self, event: str, task: UUID | None = None) -> list[Note]:
        """Return what tasks have noted."""
        notes = read_notes(self.directory / "runs.log")
        return [note for note in notes if note.event == event and task in (None, note.task)]

    def wait_for_note(self, event: str, result: Result[Any], attempt: int = 1) -> Note:
        """Wait until a run of the task has noted ``event``."""

        def found() -> list[Note]:
            return [note for note in self.notes(event, result.id) if note.attempt == attempt]

        return self.wait_until(found, f"attempt {attempt} notes {event!r}")[0]

    def story(self, result: Result[Any]) -> list[str]:
        """Return what happened to a task, from its first claim on."""
        return [event.kind for event in self.events(result)][1:]

    def events(self, result: Result[Any]) -> list[Event]:
        """Return all that happened to a task."""
        return self.ledger.of_task(result.id)

    def wait_until(self, condition: Any, what: str, patience: float = PATIENCE) -> Any:
        """Wait until ``condition`` holds; what the workers have said is told if it never does."""
        try:
            return wait_until(condition, what, patience=patience)
        except AssertionError as error:
            error.add_note("\n".join(f"-- process {child.pid} said:\n{child.said[-3000:]}" for child in self.children))
            raise


@contextmanager
def yard(directory: Path, module: str, store: Path | None = None) -> Iterator[Yard]:
    """Lay out a yard; at the end no process is left."""
    scene = Yard(directory, module, store)
    port = scene.app.port()
    port.open_blocking()
    port.close_blocking()
    scene.ledger.install()
    port.open_blocking()
    try:
        yield scene
    finally:
        for child in scene.children:
            child.end()
        port.close_blocking()
        scene.ledger.close()


def seconds_until_end(child: Child) -> float:
    """Wait until a process has ended, and return how long that took."""
    began = time.monotonic()
    child.wait()
    return time.monotonic() - began
