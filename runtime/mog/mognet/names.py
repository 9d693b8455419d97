"""Which names Mognet 2.0 has in which of its modules, and why some of them have nothing here."""

from __future__ import annotations

MODULES: dict[str, str] = {
    "app.app": "App",
    "app.app_config": "AppConfig Queues",
    "backend": "",
    "backend.backend_config": "Encoding RedisResultBackendSettings ResultBackendConfig",
    "backend.base_result_backend": "AppParameters BaseResultBackend ResultOrId",
    "backend.memory_result_backend": "MemoryResultBackend",
    "backend.redis_result_backend": "RedisResultBackend",
    "broker": "",
    "broker.base_broker": "BaseBroker",
    "broker.broker_config": "AmqpBrokerSettings BrokerConfig",
    "cli": "",
    "context.context": "Context",
    "decorators": "",
    "decorators.task_decorator": "task",
    "exceptions": "",
    "exceptions.base_exceptions": "ConnectionError CouldNotSubmit ImproperlyConfigured MognetError NotConnected",
    "exceptions.broker_exceptions": "BrokerError QueueNotFound",
    "exceptions.result_exceptions": "ResultError ResultFailed ResultLost ResultNotReady ResultValueLost Revoked",
    "exceptions.task_exceptions": "InvalidErrorInfo InvalidTaskArguments Pause",
    "exceptions.too_many_retries": "TooManyRetries",
    "middleware.middleware": "Middleware",
    "model": "",
    "model.queue_stats": "QueueStats",
    "model.result": (  # its own, and what it imports: programs take that from here too
        "Result ResultChildren ResultFailed ResultNotReady ResultState ResultValue ResultValueHolder Revoked"
    ),
    "model.result_state": (
        "ERROR_STATES READY_STATES ResultState STARTED_STATES STOPPED_STATES SUCCESS_STATES UNREADY_STATES"
    ),
    "model.result_tree": "ResultTree",
    "primitives": "",
    "primitives.request": "Priority Request",
    "service": "",
    "service.class_service": "ClassService",
    "state.base_state_backend": "BaseStateBackend",
    "state.state": "State",
    "state.state_backend_config": "RedisStateBackendSettings StateBackendConfig",
    "tasks": "",
    "tasks.task_registry": "TaskProtocol TaskRegistry UnknownTask task_registry",
    "tools": "",
}
"""Mognet's modules, less ``mognet``, and the names of :mod:`mog.mognet` that each has."""

MADE_BY_URL = (
    "the engine is chosen by the URLs of AppConfig; app.broker, app.result_backend, app.state_backend reach it"
)
ON_THE_WIRE = (
    "messages are the engine's own business; Request, App.revoke and App.get_current_status_of_nodes stand above"
)
THE_COMMAND = "the command is `mog`, see docs/running.md"
HELPER = "it is a helper of Mognet's own"

ABSENT: dict[str, str] = {
    "broker.amqp_broker": MADE_BY_URL,
    "broker.memory_broker": MADE_BY_URL,
    "state.redis_state_backend": MADE_BY_URL,
    "broker.base_broker.IncomingMessagePayload": ON_THE_WIRE,
    "broker.base_broker.MessagePayload": ON_THE_WIRE,
    "broker.base_broker.TaskQueue": "a queue is there once a setting, a task or a request names it",
    "primitives.queries": ON_THE_WIRE,
    "primitives.revoke": ON_THE_WIRE,
    "exceptions.task_exceptions.Loc": "it is tuple[int | str, ...]",
    "cli": THE_COMMAND,
    "cli.exceptions": (
        "a worker ends in good order on SIGTERM: os.kill(os.getpid(), signal.SIGTERM); "
        "after so many tasks by itself: mog run --max-tasks"
    ),
    "tools": HELPER,
    "worker.worker.MessageCancellationAction": "a worker of mog's decides by itself; App.revoke calls tasks off",
}
"""Why a module of Mognet's (with what is in it), or a name, has nothing here, and what to use in its place."""


def why_absent(name: str) -> str | None:
    """Return why a module or a name of Mognet's, or the module that it is in, has nothing here; None if it has."""
    while name:
        if name in ABSENT:
            return ABSENT[name]
        name = name.rpartition(".")[0]
    return None
