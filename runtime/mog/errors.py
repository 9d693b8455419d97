"""Every error that mog raises. Each class's message says what happened and what to do about it.

MogError
├── ConfigError                   a setting is wrong; nothing was started
├── InvalidTaskArguments          the arguments do not fit the task's signature
├── UnknownTask                   no task of that name
├── InvalidRequest                a request that cannot be sent, whatever its task
│   └── PayloadTooLarge
├── InvalidReturnValue            what a task returned cannot be stored
├── CouldNotSubmit                the request was not stored; submitting it again is safe
│   └── AlreadySubmitted
├── ResultError
│   ├── ResultNotReady            the task is not done yet
│   ├── ResultLost                the store does not know the id, or its time to live is over
│   ├── ResultValueLost           the result is there and its value is not
│   └── ResultFailed              the task did not succeed
│       ├── Revoked
│       └── TaskFailed            it raised an exception that this process cannot rebuild
├── TooManyRetries                a worker died while running it, too often
├── RetriesExhausted              it asked to be run again more often than it may
├── StateValueError               what a task wants to keep in its State is no JSON
├── CheckpointError               checkpointed loops are used in a way that would lose a place
│   └── CheckpointLost            the place where a checkpointed loop stopped is not found again
└── EngineError                   the broker or a store
    ├── NotConnected              the app is closed
    ├── QueueNotFound             no queue of this name belongs to the app
    ├── EngineUnavailable         out of reach just now; trying again may help
    │   └── StoreFull
    └── StoreUnusable             trying again does not help
        ├── StoreCorrupt
        └── StoreTooNew
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from mog.result import Result


class MogError(Exception):
    """The root of mog's errors; ``str()`` of each is one line that says what to do."""


class ConfigError(MogError):
    """A setting is unknown or has a value that does not fit."""


class UnknownTask(MogError, KeyError):  # a KeyError as Mognet's is
    """No task of this name is registered."""

    def __init__(self, task_name: str, hint: str = "") -> None:
        super().__init__(task_name, hint)
        self.task_name = task_name
        self.hint = hint

    def __str__(self) -> str:
        hint = self.hint or "is the module that defines it imported (see `imports`)?"
        return f"no task is named {self.task_name!r}; {hint}"


@dataclass(frozen=True, slots=True)
class InvalidErrorInfo:
    """One argument that does not fit: where (a path that starts with its name or position), what and which kind."""

    loc: tuple[int | str, ...]
    msg: str
    type: str


class InvalidTaskArguments(MogError):
    """The arguments do not fit the task's signature."""

    def __init__(self, errors: Sequence[InvalidErrorInfo], task_name: str = "") -> None:
        super().__init__(errors, task_name)
        self.errors = list(errors)
        self.task_name = task_name

    def __str__(self) -> str:
        what = "; ".join(f"{'.'.join(map(str, error.loc))}: {error.msg}" for error in self.errors)
        return f"the arguments do not fit task {self.task_name!r}: {what}" if self.task_name else what


class InvalidReturnValue(MogError):
    """A task returned what is no JSON."""

    def __init__(self, type_name: str, reason: str) -> None:
        super().__init__(type_name, reason)
        self.type_name, self.reason = type_name, reason

    def __str__(self) -> str:
        return (
            f"the value that the task returned, {self.type_name}, cannot be stored as JSON: {self.reason}; "
            "return plain data, a pydantic model or a dataclass"
        )


class InvalidRequest(MogError):
    """A request that cannot be sent."""


class PayloadTooLarge(InvalidRequest):
    """A message or a value is larger than ``max_message_size``."""

    def __init__(self, what: str, size: int, limit: int) -> None:
        super().__init__(what, size, limit)
        self.what, self.size, self.limit = what, size, limit

    def __str__(self) -> str:
        return (
            f"{self.what} takes {self.size:,} bytes, more than max_message_size ({self.limit:,}); "
            "put the data into a file or a store and pass its name"
        )


class CouldNotSubmit(MogError):
    """The request was not accepted; nothing of it will run, and it may be submitted again.

    Where many were submitted at once, ``failed`` tells the ids that were not accepted, and why.
    """

    def __init__(self, message: str, failed: Mapping[UUID, MogError] | None = None) -> None:
        super().__init__(message, failed)
        self.message = message
        self.failed = dict(failed or {})

    def __str__(self) -> str:
        return self.message


class AlreadySubmitted(CouldNotSubmit):
    """A request with this id was submitted before."""

    def __init__(self, request_id: UUID) -> None:
        super().__init__(f"a request with id {request_id} was submitted before; give the new one an id of its own")
        self.request_id = request_id


class ResultError(MogError):
    """Root of what reading a result may raise."""


class ResultNotReady(ResultError):
    """The task is not done."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else "the task is not done; await its result, or wait() for it first"


class ResultLost(ResultError):
    """The store does not know this id."""

    def __init__(self, result_id: UUID) -> None:
        super().__init__(result_id)
        self.result_id = result_id

    def __str__(self) -> str:
        return f"no result {self.result_id}: never submitted here, or its time to live is over"


class ResultValueLost(ResultError):
    """The result is known and its value is gone."""

    def __init__(self, result_id: UUID) -> None:
        super().__init__(result_id)
        self.result_id = result_id

    def __str__(self) -> str:
        return f"the value of result {self.result_id} is gone: its time to live is over"


class ResultFailed(ResultError):
    """The task did not succeed; ``result`` tells its state."""

    def __init__(self, result: Result[Any]) -> None:
        super().__init__(result)
        self.result = result

    def __str__(self) -> str:
        return f"task {self.result.name!r} ({self.result.id}) ended {self.result.state}"


class Revoked(ResultFailed):
    """The task was called off, or its deadline passed."""

    def __init__(self, result: Result[Any], reason: str = "") -> None:
        super().__init__(result)
        self.reason = reason

    def __str__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"task {self.result.name!r} ({self.result.id}) was revoked{why}"


class TaskFailed(ResultFailed):
    """The task raised an exception of a class that this process does not know.

    ``type_name`` is ``module:qualname`` of that class, ``message`` its text and ``remote_traceback`` the worker's.
    """

    def __init__(self, result: Result[Any], type_name: str, message: str, remote_traceback: str = "") -> None:
        super().__init__(result)
        self.type_name, self.message, self.remote_traceback = type_name, message, remote_traceback

    def __str__(self) -> str:
        return f"task {self.result.name!r} ({self.result.id}) failed with {self.type_name}: {self.message}"


class TooManyRetries(MogError):
    """Workers died while they ran this task, more often than ``max_retries``."""

    def __init__(self, request_id: UUID, actual_retries: int, max_retries: int) -> None:
        super().__init__(request_id, actual_retries, max_retries)
        self.request_id, self.actual_retries, self.max_retries = request_id, actual_retries, max_retries

    def __str__(self) -> str:
        return (
            f"task {self.request_id} was restarted {self.actual_retries} times after its worker had died "
            f"(max_retries is {self.max_retries}); look for what kills the process, memory first"
        )


class RetriesExhausted(MogError):
    """The task raised Retry once more than its ``retries`` allow."""

    def __init__(self, request_id: UUID, retries: int) -> None:
        super().__init__(request_id, retries)
        self.request_id, self.retries = request_id, retries

    def __str__(self) -> str:
        return f"task {self.request_id} asked to be retried after {self.retries} retries, which are all it may have"


class StateValueError(MogError, TypeError):
    """State was given a value that JSON cannot hold."""


class CheckpointError(MogError):
    """Checkpointed loops are used in a way that would lose a place."""


class CheckpointLost(CheckpointError):
    """A checkpointed loop stopped behind an item that is not found again among the items now given."""


class EngineError(MogError):
    """The broker or a store could not do what was asked."""


class NotConnected(EngineError):
    """The app is closed."""


class QueueNotFound(EngineError):
    """No queue of this name belongs to the app."""

    def __init__(self, queue: str, hint: str = "") -> None:
        super().__init__(queue, hint)
        self.queue, self.hint = queue, hint

    def __str__(self) -> str:
        return (
            f"no queue is named {self.queue!r}; {self.hint or 'those of the app are what its settings and tasks name'}"
        )


class EngineUnavailable(EngineError):
    """The broker or a store is out of reach, locked or full just now; trying again may help."""


class StoreFull(EngineUnavailable):
    """The disk, or the store's memory, is full."""


class StoreUnusable(EngineError):
    """The store cannot be used as it is; trying again does not help."""


class StoreCorrupt(StoreUnusable):
    """The store's file is damaged or is no database."""


class StoreTooNew(StoreUnusable):
    """A newer mog wrote this store."""
