"""What a supervisor of worker processes tells an observer, such as the command's screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SupervisorStarted:
    """It keeps so many processes running, and serves their health at ``health``, if at all."""

    processes: int
    health: str | None


@dataclass(frozen=True, slots=True)
class ProcessDied:
    """A worker that nobody had asked to end has ended, with ``code`` (negative: of that signal).

    ``delay`` is the seconds until another takes its place, None if none does.
    """

    process: int
    pid: int
    code: int
    delay: float | None


@dataclass(frozen=True, slots=True)
class ProcessReplaced:
    """A worker has run its share of tasks; another takes tasks now, and it ends once its own are done."""

    process: int
    pid: int
    successor: int


@dataclass(frozen=True, slots=True)
class ProcessKilled:
    """A worker had to be killed, because it did not end in the time that it had."""

    process: int
    pid: int


@dataclass(frozen=True, slots=True)
class SourcesChanged:
    """These files have changed, and the workers begin anew."""

    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaitingForChange:
    """Workers cannot run from the sources as they are; the next change is waited for."""


@dataclass(frozen=True, slots=True)
class GaveUp:
    """Another worker would end like those before it; the supervisor ends with ``code``."""

    code: int


@dataclass(frozen=True, slots=True)
class SupervisorStopping:
    """So many processes are asked to end."""

    processes: int


ProcessEvent = (
    SupervisorStarted
    | ProcessDied
    | ProcessReplaced
    | ProcessKilled
    | SourcesChanged
    | WaitingForChange
    | GaveUp
    | SupervisorStopping
)
ProcessObserver = Callable[[ProcessEvent], None]
