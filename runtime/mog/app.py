"""App: the tasks of one application, and the way to submit them, run them and read their results."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, overload
from uuid import UUID
from weakref import WeakSet

from pydantic_core import from_json, to_json

from mog.config import AppConfig, load_config
from mog.context import AsyncTask, Context, PlainTask
from mog.dead_letters import DeadLetters, submit_again
from mog.engine.inline import InlinePort
from mog.engine.io_thread import ThreadPort
from mog.engine.port import Port
from mog.engine.records import Node, Query, QueueDepth, Record
from mog.engine.urls import EngineOptions, open_engine
from mog.errors import ConfigError, ResultLost
from mog.ids import read_id
from mog.known_types import KnownTypes
from mog.middleware import Middleware, MiddlewareStack
from mog.queues import Queues
from mog.request import Request
from mog.result import Result
from mog.revoking import revoke
from mog.services import Services
from mog.states import ResultState
from mog.submission import Submitter
from mog.task import Registry, global_registry
from mog.worker.events import Observer
from mog.worker.worker import Worker

if TYPE_CHECKING:
    from mog.mognet.backends import BaseBroker, BaseStateBackend
    from mog.mognet.registry import TaskRegistry
    from mog.mognet.results import BaseResultBackend
    from mog.worker.alarm import Alarm

P = ParamSpec("P")
R = TypeVar("R")


class App:
    """An application: its tasks, its engine, its settings.

    ``broker``, ``results`` and ``state`` are URLs; without them the embedded engine keeps everything in one SQLite
    file. Settings come from arguments, then the environment (``MOG_BROKER``, ``MOG_…``), then ``[tool.mog]`` of
    pyproject.toml, then the defaults of :class:`AppConfig`. Raises ConfigError.

    Nothing is opened before it is needed, and any thread or event loop of the process may use the app; a forked child
    opens it anew. ``async with app`` opens it at once and closes it at the end.
    """

    def __init__(
        self,
        name: str = "app",
        *,
        broker: str | None = None,
        results: str | None = None,
        state: str | None = None,
        config: AppConfig | None = None,
        clock: Callable[[], float] = time.time,
        **settings: Any,
    ) -> None:
        named = {"broker": broker, "results": results, "state": state}
        urls = {key: url for key, url in named.items() if url is not None}
        if config is not None and (urls or settings):
            raise ConfigError(
                f"App {name!r} is given both a config and {', '.join([*urls, *settings])}; use one of the two"
            )
        self.name = name
        self.config = config if config is not None else load_config(**urls, **settings)
        self.clock = clock
        self.tasks = Registry(parent=global_registry)
        self.middleware = MiddlewareStack()
        self.service_registry = Services(self.config)
        self.submitter = Submitter(self)
        self.dead_letters = DeadLetters(self)
        self.queues = Queues(name, self.config, self.tasks)
        self.task = self.tasks.task
        self._port: Port | None = None
        self._workers: WeakSet[Worker] = WeakSet()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.known_types = KnownTypes(self.tasks, self.config.exceptions)

    # -- open and close

    def load_tasks(self) -> None:
        """Import the modules that the setting ``imports`` names, so that their tasks are known."""
        for module in self.config.imports:
            importlib.import_module(module)

    async def connect(self) -> None:
        """Open the engine now, rather than at the first use, and load the tasks. Raises EngineError."""
        self._loop = asyncio.get_running_loop()
        self.load_tasks()
        await self.port().open()

    async def close(self) -> None:
        """Let workers of this app end, send what is on its way, close the engine. The next use opens it again."""
        for worker in list(self._workers):
            worker.stopping.set()
            await worker.ended.wait()
        await self.service_registry.close()
        port, self._port = self._port, None
        if port is not None:
            await port.close()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def port(self) -> Port:
        """Return the way to the engine; made at the first call, not opened yet."""
        if self._port is None:
            self._port = _make_port(self.name, self.config, self.clock)
        return self._port

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop on which the app was connected or started, else the running one."""
        return self._loop if self._loop is not None else asyncio.get_running_loop()

    @property
    def broker(self) -> BaseBroker:
        """The app's queues, with Mognet's methods."""
        from mog.mognet.backends import BaseBroker  # noqa: PLC0415 - only Mognet's programs need it

        return BaseBroker(self)

    @property
    def result_backend(self) -> BaseResultBackend:
        """The app's results, with Mognet's methods."""
        from mog.mognet.results import BaseResultBackend  # noqa: PLC0415 - only Mognet's programs need it

        return BaseResultBackend(self)

    @property
    def state_backend(self) -> BaseStateBackend:
        """What the app's tasks keep between their runs, with Mognet's methods."""
        from mog.mognet.backends import BaseStateBackend  # noqa: PLC0415 - only Mognet's programs need it

        return BaseStateBackend(self)

    @property
    def task_registry(self) -> TaskRegistry:
        """The tasks that the app knows, with Mognet's methods."""
        from mog.mognet.registry import TaskRegistry  # noqa: PLC0415 - only Mognet's programs need it

        return TaskRegistry(self.tasks)

    # -- the application's own parts

    def add_middleware(self, middleware: Middleware) -> None:
        """Call the hooks of ``middleware`` behind those of the ones added before; it may be added again."""
        self.middleware.add(middleware)

    @property
    def services(self) -> MutableMapping[Any, Callable[..., Any]]:
        """What ``Context.get_service`` is to use in place of what it is asked for: ``app.services[asked] = other``."""
        return self.service_registry.overrides

    # -- submit

    @overload
    def create_request(self, task: AsyncTask[P, R], *args: P.args, **kwargs: P.kwargs) -> Request[R]: ...
    @overload
    def create_request(self, task: PlainTask[P, R], *args: P.args, **kwargs: P.kwargs) -> Request[R]: ...
    @overload
    def create_request(self, task: str, *args: Any, **kwargs: Any) -> Request[Any]: ...
    def create_request(self, task: Any, *args: Any, **kwargs: Any) -> Request[Any]:
        """Make a request of a task's function or name and its arguments, to be changed before it is submitted."""
        name = task if isinstance(task, str) else self.tasks.for_function(task).name
        return Request(name=name, args=args, kwargs=kwargs)

    @overload
    async def submit(self, task: Request[R]) -> Result[R]: ...
    @overload
    async def submit(self, task: AsyncTask[P, R], *args: P.args, **kwargs: P.kwargs) -> Result[R]: ...
    @overload
    async def submit(self, task: PlainTask[P, R], *args: P.args, **kwargs: P.kwargs) -> Result[R]: ...
    @overload
    async def submit(self, task: str, *args: Any, **kwargs: Any) -> Result[Any]: ...
    async def submit(self, task: Any, *args: Any, **kwargs: Any) -> Result[Any]:
        """Store a task to be run; return once it is stored.

        ``task`` is a request, or a task's function or name with its arguments. Raises InvalidTaskArguments,
        PayloadTooLarge and InvalidRequest before anything is sent; AlreadySubmitted for an id that was used;
        CouldNotSubmit when the engine is out of reach. A name that no task of this process bears is sent unchecked:
        it may be another service's.
        """
        if isinstance(task, Request) and args and isinstance(args[0], Context):
            return await args[0].submit(task)  # Mognet's form: submit(request, context)
        return Result(self, await self.submitter.submit(self._request(task, args, kwargs)))

    @overload
    def submit_blocking(self, task: Request[R]) -> Result[R]: ...
    @overload
    def submit_blocking(self, task: AsyncTask[P, R], *args: P.args, **kwargs: P.kwargs) -> Result[R]: ...
    @overload
    def submit_blocking(self, task: PlainTask[P, R], *args: P.args, **kwargs: P.kwargs) -> Result[R]: ...
    @overload
    def submit_blocking(self, task: str, *args: Any, **kwargs: Any) -> Result[Any]: ...
    def submit_blocking(self, task: Any, *args: Any, **kwargs: Any) -> Result[Any]:
        """Like ``submit``, for threads without a loop: Django, scripts, ``def`` tasks."""
        return Result(self, self.submitter.submit_blocking(self._request(task, args, kwargs)))

    async def submit_many(self, requests: Iterable[Request[R]]) -> list[Result[R]]:
        """Store many tasks in few round trips; return their results in order.

        All are checked before the first is sent. Raises what ``submit`` raises; when only some could be stored, a
        CouldNotSubmit whose ``failed`` tells which ids were not, and why.
        """
        return [Result(self, record) for record in await self.submitter.submit_many(requests)]

    def submit_many_blocking(self, requests: Iterable[Request[R]]) -> list[Result[R]]:
        """Like ``submit_many``, for threads without a loop."""
        return [Result(self, record) for record in self.submitter.submit_many_blocking(requests)]

    @overload
    async def run(self, task: Request[R]) -> R: ...
    @overload
    async def run(self, task: AsyncTask[P, R], *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    async def run(self, task: PlainTask[P, R], *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    async def run(self, task: str, *args: Any, **kwargs: Any) -> Any: ...
    async def run(self, task: Any, *args: Any, **kwargs: Any) -> Any:
        """Submit a task, wait for it, return its value or raise its error."""
        return await (await self.submit(task, *args, **kwargs))

    def run_blocking(self, task: Any, *args: Any, timeout: float | None = None, **kwargs: Any) -> Any:
        """Like ``run``, for threads without a loop."""
        return self.submit_blocking(task, *args, **kwargs).get_blocking(timeout=timeout)

    # -- call off

    async def revoke(self, result_id: UUID, *, force: bool = False) -> Result[Any]:
        """Call a task off, and all tasks that were submitted on its behalf; return what it is now.

        A task that waits never starts, one that runs is cancelled (a ``def`` task's thread runs on, and its outcome
        is not recorded). A done task stays as it is, save with ``force``. An id that is not known yet is remembered.
        """
        return Result(self, (await revoke(self, [result_id], force=force))[0])

    async def submit_again(self, result_id: UUID) -> Result[Any]:
        """Submit a task that has failed once more, under a new id, and return its result.

        Raises ResultLost, ResultNotReady, and ResultValueLost for a success, whose request is not kept.
        """
        return await submit_again(self, result_id)

    # -- look

    async def result(self, result_id: UUID | str) -> Result[Any]:
        """Return what is known of a task, by its id or the text of it. Raises ResultLost."""
        known_id = read_id(result_id)
        return self._found(known_id, await self.port().call("results.get", known_id))

    def result_blocking(self, result_id: UUID | str) -> Result[Any]:
        """Like ``result``, for threads without a loop."""
        known_id = read_id(result_id)
        return self._found(known_id, self.port().call_blocking("results.get", known_id))

    async def results(self, ids: Iterable[UUID]) -> list[Result[Any]]:
        """Return what is known of many tasks; ids that are not known are left out."""
        records = await asyncio.gather(*(self.port().call("results.get", one) for one in ids))
        return [Result(self, record) for record in records if record is not None]

    async def find_results(
        self,
        *,
        states: Iterable[ResultState] = (),
        name: str | None = None,
        queue: str | None = None,
        limit: int = 50,
        before: UUID | None = None,
    ) -> list[Result[Any]]:
        """List tasks, newest first; ``before`` is the last id of the page before."""
        full = None if queue is None else self.queues.full_name(queue)
        query = Query(frozenset(states), name, full, limit, before)
        return [Result(self, record) for record in await self.port().call("results.find", query)]

    async def get_metadata(self, result_id: UUID) -> dict[str, Any]:
        """Return a task's metadata; empty for an unknown id."""
        stored: Mapping[str, bytes] = await self.port().call("results.get_metadata", result_id)
        return {key: from_json(content) for key, content in stored.items()}

    async def set_metadata(self, result_id: UUID, values: Mapping[str, Any]) -> None:
        """Merge JSON values into a task's metadata."""
        await self.port().call(
            "results.set_metadata", (result_id, {key: to_json(value) for key, value in values.items()})
        )

    # -- queues

    def get_task_queue_names(self) -> set[str]:
        """Return the queues (short names) that the settings let a worker of this app work on."""
        return self.queues.worked_on()

    async def queue_depths(self, queues: Iterable[str] | None = None) -> list[QueueDepth]:
        """Count what waits and runs in ``queues`` (default: all that this app uses); names are short."""
        depths: list[QueueDepth] = await self.port().call("broker.depth", self.queues.full_names(queues))
        return [depth._replace(name=self.queues.short_name(depth.name)) for depth in depths]

    async def purge_task_queues(self, queues: Iterable[str] | None = None) -> dict[str, int]:
        """Drop what waits in ``queues`` (default: all of this app's) and return how many of each were dropped."""
        dropped: dict[str, int] = await self.port().call("broker.purge", self.queues.full_names(queues))
        return {self.queues.short_name(name): count for name, count in dropped.items()}

    async def get_current_status_of_nodes(self) -> AsyncIterator[Node]:
        """Iterate over the processes that consume just now, and the ids of the tasks that each runs."""
        for node in await self.port().run(lambda engine: engine.broker.nodes()):
            yield node

    # -- work

    async def start(
        self,
        *,
        concurrency: int | None = None,
        queues: Iterable[str] | None = None,
        exclude_queues: Iterable[str] = (),
        once: bool = False,
        observer: Observer | None = None,
    ) -> None:
        """Run a worker on the running loop until cancelled (or, with ``once``, until nothing is ready).

        A cancelled worker ends in good order: it claims nothing more, gives running tasks ``grace`` seconds, and puts
        back the rest.
        """
        self._loop = asyncio.get_running_loop()
        await self.create_worker(
            concurrency=concurrency, queues=queues, exclude_queues=exclude_queues, once=once, observer=observer
        ).run()

    @asynccontextmanager
    async def worker(self, **options: Any) -> AsyncIterator[Worker]:
        """Run a worker while the block runs; options as for ``start``. For tests, and for services that work too."""
        self._loop = asyncio.get_running_loop()
        worker = self.create_worker(**options)
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stopping.set()
            await running

    def create_worker(
        self,
        *,
        concurrency: int | None = None,
        queues: Iterable[str] | None = None,
        exclude_queues: Iterable[str] = (),
        once: bool = False,
        observer: Observer | None = None,
        alarm: Alarm | None = None,
    ) -> Worker:
        """Load the tasks and make a worker that is not running yet. Raises ConfigError if no queue is left for it."""
        self.load_tasks()
        chosen = self.queues.choose(queues, exclude_queues)
        slots = concurrency if concurrency is not None else self.config.concurrency
        worker = Worker(self, queues=chosen, concurrency=slots, once=once, observer=observer, alarm=alarm)
        self._workers.add(worker)
        return worker

    def _found(self, result_id: UUID, record: Record | None) -> Result[Any]:
        if record is None:
            raise ResultLost(result_id)
        return Result(self, record)

    def _request(self, task: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request[Any]:
        return task if isinstance(task, Request) else self.create_request(task, *args, **kwargs)


def _make_port(app: str, config: AppConfig, clock: Callable[[], float]) -> Port:
    """Return a port to the engine that the settings name; ``memory://`` needs no thread of its own."""
    options = EngineOptions(
        durability=config.durability,
        node_id=config.node_id,
        app=app,
        queue_type=config.queue_type,
        consumer_timeout=config.consumer_timeout,
        look_ahead=config.look_ahead,
        mognet_interop=config.mognet_interop,
    )
    factory = open_engine(config.broker, config.results, config.state, clock=clock, options=options)
    return (InlinePort if config.broker.startswith("memory:") else ThreadPort)(factory)
