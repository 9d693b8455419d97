"""A process of Mognet 2.0.0, worker and client: ``python mognet_process.py APP AMQP REDIS``, in Mognet's environment.

It does what it is told: a line of JSON on its input is ``[function, args, kwargs]``, and one on its output the answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from mognet import App, AppConfig, Request, task
from mognet.broker.base_broker import MessagePayload
from mognet.exceptions.result_exceptions import Revoked
from mognet.exceptions.task_exceptions import Pause
from mognet.model.result import _ExceptionInfo
from mognet.primitives.queries import QueryRequestMessage
from tests.runtime.engine.distributed.fleet_tasks import ROUTES, Side, declare

side = Side("mognet", Request, Pause)


class Process:
    """The functions that others may call; their answers are JSON."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def begin(self, concurrency: int = 5) -> None:
        """Work on the queues, and forget what was noted."""
        side.notes.clear()
        self._app.config.minimum_concurrency = concurrency
        self._app.worker._waiting_tasks.clear()  # parents that were revoked while they waited leave theirs behind (W6)
        self._app.worker.start_consuming()
        await self._app.worker._adjust_prefetch()

    async def rest(self) -> None:
        """Take no more tasks."""
        await self._app.worker.stop_consuming()
        while await self._consumers():  # the server hears of it later
            await asyncio.sleep(0.01)

    async def _consumers(self) -> int:
        names = [self._app.broker._task_queue_name(queue) for queue in self._app.get_task_queue_names()]
        queues = [await self._app.broker._task_channel.declare_queue(name, passive=True) for name in names]
        return sum(queue.declaration_result.consumer_count for queue in queues)

    async def submit(self, name: str, *args: Any, deadline: list[Any] | None = None, **fields: Any) -> str:
        """Submit a task; a deadline is ``[kind, seconds]``."""
        request = Request(name=name, args=args, **fields)
        if deadline is not None:
            request.deadline = make_deadline(*deadline)
        return str((await self._app.submit(request)).id)

    async def outcome(self, id_: str) -> list[Any]:
        """Wait for a task: its state, the type of what it returned or raised, the text of that."""
        result = await self._app.result_backend.get(UUID(id_))
        try:
            await result.wait(timeout=15)
            value = await result.get()
        except Revoked as error:
            return [result.state.value, "Revoked", str(error)[:6]]
        except Exception as error:  # noqa: BLE001 - whatever Mognet raises is the answer
            return [result.state.value, type(error).__name__, str(error)]
        return [result.state.value, type(value).__name__, str(value)]

    async def metadata(self, id_: str) -> dict[str, Any]:
        """Read a task's metadata."""
        return await (await self._app.result_backend.get(UUID(id_))).get_metadata()

    async def revoke(self, id_: str) -> None:
        """Call a task off."""
        await self._app.revoke(UUID(id_))

    async def notes(self) -> list[str]:
        """Return what tasks have noted."""
        return side.notes

    async def pass_on(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Load an exception as Mognet keeps it, and write it anew."""
        written = _ExceptionInfo.from_exception(_ExceptionInfo.model_validate(raw).exception)
        return written.model_dump()

    async def nodes(self, count: int) -> dict[str, list[str]]:
        """Ask who runs what, until ``count`` have answered; App.get_current_status_of_nodes() yields nothing (W11)."""
        request = QueryRequestMessage(name="Status")
        query = MessagePayload(id=str(request.id), kind="Query", payload=request.model_dump())
        answers: dict[str, list[str]] = {}
        responses = self._app.broker.send_query_message(query)
        async for answer in responses:
            answers[answer.node_id] = answer.model_dump(mode="json")["payload"].get("running_request_ids", [])
            if len(answers) == count:
                break
        await responses.aclose()
        return answers


def make_deadline(kind: str, seconds: float) -> timedelta | datetime:
    """Return a deadline so many seconds from now."""
    length = timedelta(seconds=seconds)
    if kind == "timedelta":
        return length
    return (datetime.now(UTC) if kind == "aware" else datetime.now()) + length


async def serve(app: App) -> None:
    """Work, and answer what is asked."""
    process = Process(app)
    running = asyncio.create_task(app.start())
    while app.worker is None:
        await asyncio.sleep(0.01)
    side.before_pause = process.rest
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        name, args, kwargs = json.loads(line)
        print(json.dumps(await getattr(process, name)(*args, **kwargs), default=str), flush=True)
    await app.close()
    await running


if __name__ == "__main__":
    app_name, amqp_url, redis_url = sys.argv[1:]
    declare(task, side)
    config = AppConfig(
        node_id=f"mognet-{uuid4().hex[:8]}",
        result_backend={"redis": {"url": redis_url}},
        state_backend={"redis": {"url": redis_url}},
        broker={"amqp": {"url": amqp_url}},
        task_routes=ROUTES,
        default_task_route="mognet",
        task_queues={"include": ["mognet", "both"]},
    )
    asyncio.run(serve(App(name=app_name, config=config)))
