"""From a request to the engine: shown to middleware, checked, routed, written as JSON, stored."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic_core import to_json

from mog.engine.records import Message, NewTask, Record
from mog.errors import CouldNotSubmit, EngineUnavailable, InvalidRequest, MogError, PayloadTooLarge
from mog.request import Request, request_to_json
from mog.task import Task
from mog.tracing import trace_of

if TYPE_CHECKING:
    from mog.app import App
    from mog.context import Context


BATCH = 1000
"""Requests that are on their way at once: bounds memory, and costs no throughput."""


class Submitter:
    """Submits the requests of one app."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def submit(self, request: Request[Any], context: Context | None = None) -> Record:
        """Submit one; see :meth:`App.submit`."""
        if self._app.middleware:
            await self._show([request], context)
        new = prepare(self._app, request)
        with _as_not_submitted():
            await self._app.port().call("results.create", new)
        return new.record

    async def submit_many(self, requests: Iterable[Request[Any]], context: Context | None = None) -> list[Record]:
        """Submit many; see :meth:`App.submit_many`."""
        listed = list(requests)
        await self._show(listed, context)
        news = [prepare(self._app, request) for request in listed]
        failed: dict[UUID, MogError] = {}
        for start in range(0, len(news), BATCH):
            batch = news[start : start + BATCH]
            answers = [self._app.port().call("results.create", new) for new in batch]
            failed |= _failures(batch, await asyncio.gather(*answers, return_exceptions=True))
        return _all_or_raise(news, failed)

    def submit_blocking(self, request: Request[Any]) -> Record:
        """Submit one from a thread without a loop."""
        self._show_blocking([request])
        new = prepare(self._app, request)
        with _as_not_submitted():
            self._app.port().call_blocking("results.create", new)
        return new.record

    def submit_many_blocking(self, requests: Iterable[Request[Any]]) -> list[Record]:
        """Submit many from a thread without a loop."""
        listed = list(requests)
        self._show_blocking(listed)
        news = [prepare(self._app, request) for request in listed]
        failed: dict[UUID, MogError] = {}
        for start in range(0, len(news), BATCH):
            batch = news[start : start + BATCH]
            failed |= _failures(batch, self._app.port().call_many_blocking("results.create", batch))
        return _all_or_raise(news, failed)

    async def _show(self, requests: Sequence[Request[Any]], context: Context | None) -> None:
        if self._app.middleware.fills("on_request_submitting"):
            for request in requests:
                await self._app.middleware.call("on_request_submitting", request, context=context)

    def _show_blocking(self, requests: Sequence[Request[Any]]) -> None:
        """Show requests to middleware, whose hooks need a loop: a private one of this thread."""
        if self._app.middleware.fills("on_request_submitting"):
            asyncio.run(self._show(requests, None))


def prepare(app: App, request: Request[Any]) -> NewTask:
    """Return the task to be stored. Raises InvalidTaskArguments, InvalidRequest, PayloadTooLarge."""
    task = app.tasks.find(request.name)
    now = app.clock()
    queue = app.queues.full_name(app.queues.route(request, task))
    priority = _priority(request, task)
    body = request_to_json(request, task, priority, trace_of(request))
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


@contextmanager
def _as_not_submitted() -> Iterator[None]:
    try:
        yield
    except EngineUnavailable as error:
        raise CouldNotSubmit(f"the task was not submitted: {error}") from error


def _failures(batch: Sequence[NewTask], answers: Sequence[object]) -> dict[UUID, MogError]:
    failures = {}
    for new, answer in zip(batch, answers, strict=True):
        if isinstance(answer, MogError):
            failures[new.record.id] = answer
        elif isinstance(answer, BaseException):
            raise answer
    return failures


def _all_or_raise(news: Sequence[NewTask], failed: dict[UUID, MogError]) -> list[Record]:
    if failed:
        first = next(iter(failed.values()))
        raise CouldNotSubmit(f"{len(failed)} of {len(news)} requests were not submitted; the first: {first}", failed)
    return [new.record for new in news]
