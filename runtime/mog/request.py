"""Request: a task's name, its arguments, and how it is to be run. Its JSON is Mognet's."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain
from typing import Annotated, Any, Generic, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import from_json

from mog.arguments import format_arguments
from mog.errors import InvalidErrorInfo, InvalidRequest, InvalidTaskArguments, MogError
from mog.ids import new_id
from mog.jsontext import UnwritableValue, why_unwritable, write_json
from mog.task import Task
from mog.tracing import RECEIVED, Trace, TraceParent, TraceState
from mog.validation import describe, empty_dict, empty_list

R = TypeVar("R")

Priority = Annotated[int, Field(ge=0, le=10)]
"""0 to 10, higher first; RabbitMQ's and Mognet's."""

SCALARS = frozenset({str, int, float, bool, type(None)})
"""Types of arguments that hold no model for sure."""


class Request(BaseModel, Generic[R]):
    """What is submitted: which task, with which arguments, when and how urgently. Raises InvalidRequest.

    ``deadline`` as a timedelta bounds each run; as a datetime it is absolute, and a task that is late is not started.
    A task waits for ``delay`` (a timedelta or seconds), or until ``eta``; a datetime without a zone is local time.
    ``stack`` holds the ancestors' ids, outermost first. ``metadata`` becomes the result's. ``kwargs_repr`` is what
    people are shown of the arguments: set it where they hold secrets. ``traceparent`` and ``tracestate`` (W3C Trace
    Context) tell of which trace the task is a part; without them it is that of the code that submits it. Fields may be
    changed until it is submitted.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    id: UUID = Field(default_factory=new_id)
    name: str = Field(min_length=1)
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = Field(default_factory=empty_dict)
    stack: list[UUID] = Field(default_factory=empty_list)
    metadata: dict[str, Any] = Field(default_factory=empty_dict)
    deadline: timedelta | datetime | None = None
    queue_name: str | None = None
    kwargs_repr: str | None = None
    priority: Priority = 5
    delay: Annotated[timedelta, Field(ge=timedelta(0))] | None = None
    eta: datetime | None = None
    traceparent: TraceParent = None
    tracestate: TraceState = None

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            request = handler(data)
        except ValidationError as error:
            raise InvalidRequest(f"the request is not valid: {describe(error, cls.model_fields)}") from None
        if isinstance(data, dict):  # not while a field is set, after which another may be
            request._refuse_two_times()
        return request

    def arguments_repr(self) -> str:
        """Return ``kwargs_repr``, made from the arguments where it is not set."""
        return format_arguments(self.args, self.kwargs) if self.kwargs_repr is None else self.kwargs_repr

    def due(self, now: float) -> float | None:
        """Return the POSIX time before which the task must not start, None for at once. Raises InvalidRequest."""
        self._refuse_two_times()
        if self.delay is not None:
            return now + self.delay.total_seconds()
        return None if self.eta is None else self.eta.timestamp()

    def _refuse_two_times(self) -> None:
        if self.delay is not None and self.eta is not None:
            raise InvalidRequest("the request has both a delay and an eta; give one of them")

    def __repr__(self) -> str:
        arguments = f"({self.kwargs_repr})" if self.kwargs_repr is not None else ""
        return f"{self.name}[id={self.id!r}]{arguments}"


def request_to_json(
    request: Request[Any], task: Task | None = None, priority: int | None = None, trace: Trace | None = None
) -> bytes:
    """Write a request as it travels, its arguments checked and written by ``task`` where that is known here.

    Raises InvalidTaskArguments, and InvalidRequest where something else of it cannot be JSON.
    """
    if task is None:
        args, kwargs = request.args, request.kwargs
    else:
        args, kwargs = task.dump(*task.check(request.args, request.kwargs))
    body = {
        "id": request.id,
        "name": request.name,
        "args": args,
        "kwargs": kwargs,
        "stack": request.stack,
        "metadata": request.metadata,
        "deadline": request.deadline,
        "queue_name": request.queue_name,
        "kwargs_repr": request.arguments_repr(),
        "priority": request.priority if priority is None else priority,
    }
    if trace is not None:
        body["traceparent"] = trace.parent
        if trace.state is not None:
            body["tracestate"] = trace.state
    models = task is None and not SCALARS.issuperset(map(type, (*args, *kwargs.values())))
    try:
        return write_json(body, models=models)
    except UnwritableValue as error:
        raise _unwritable(request, args, kwargs) from error


def request_from_json(body: bytes) -> Request[Any]:
    """Read a request; keys that this version does not know are left out. Raises InvalidRequest."""
    try:
        return Request.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRequest(f"the request is not valid: {describe(error)}") from None
    except InvalidRequest:
        fields = from_json(body)
        if isinstance(fields, dict) and not fields.keys() <= Request.model_fields.keys():
            known = {key: value for key, value in fields.items() if key in Request.model_fields}
            return Request.model_validate(known, context=RECEIVED)
        raise


def _unwritable(request: Request[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> MogError:
    """Return the error that says which part of a request is no JSON."""
    places = chain[tuple[int | str, Any]](enumerate(args), ((name, value) for name, value in kwargs.items()))
    reasons = [(place, why_unwritable(value)) for place, value in places]
    if any(reason for _, reason in reasons):
        errors = [InvalidErrorInfo((place,), reason, "not_json") for place, reason in reasons if reason]
        return InvalidTaskArguments(errors, request.name)
    for field in ("metadata", "kwargs_repr", "queue_name"):
        if reason := why_unwritable(getattr(request, field)):
            return InvalidRequest(f"the request cannot be sent: its {field} holds what is no JSON, {reason}")
    return InvalidRequest("the request cannot be sent: it is nested too deeply to be read back")
