"""From a request to what the engine stores: checked, routed, written as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from mog.engine.records import Message, NewTask, Record
from mog.errors import InvalidRequest, PayloadTooLarge
from mog.request import Request, request_to_json
from mog.task import Task

if TYPE_CHECKING:
    from mog.app import App


def prepare(app: App, request: Request[Any]) -> NewTask:
    """Return the task to be stored. Raises InvalidTaskArguments, InvalidRequest, PayloadTooLarge."""
    task = app.tasks.find(request.name)
    now = app.clock()
    queue = app.queues.full_name(app.queues.route(request, task))
    priority = _priority(request, task)
    body = request_to_json(request, task, priority)
    if len(body) > app.config.max_message_size:
        raise PayloadTooLarge(f"the request for task {request.name!r}", len(body), app.config.max_message_size)
    record = Record(
        id=request.id,
        name=request.name,
        created=now,
        parent_id=request.stack[-1] if request.stack else None,
        request_kwargs_repr=request.arguments_repr(),
        queue=queue,
        priority=priority,
        due=request.due(now),
    )
    message = Message(request.id, queue, priority, body, record.due)
    return NewTask(record, message, app.config.result_ttl, _metadata(request.metadata))


def _priority(request: Request[Any], task: Task | None) -> int:
    """Return the request's priority where it names one, else the task's."""
    if task is None or task.priority is None or "priority" in request.model_fields_set:
        return request.priority
    return task.priority


def _metadata(metadata: Mapping[str, Any]) -> dict[str, bytes]:
    try:
        return {key: to_json(value) for key, value in metadata.items()}
    except ValueError as error:
        raise InvalidRequest(f"metadata holds JSON values only: {error}") from None
