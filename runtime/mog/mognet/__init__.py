"""Mognet 2.0's names, each for what mog has in its place.

A program written for Mognet runs with ``mognet`` changed to ``mog`` in its imports: ``mog.app.app_config`` and the like
are found by :mod:`mog.mognet.paths`, which takes the names from here. Type checkers do not see those paths; they see
this module: ``from mog.mognet import ResultBackendConfig``. See docs/mognet.md.
"""

from mog.app import App
from mog.children import ResultChildren, ResultTree
from mog.config import AppConfig, Queues
from mog.context import Context
from mog.errors import (
    ConfigError,
    CouldNotSubmit,
    EngineError,
    InvalidErrorInfo,
    InvalidTaskArguments,
    MogError,
    NotConnected,
    QueueNotFound,
    ResultError,
    ResultFailed,
    ResultLost,
    ResultNotReady,
    ResultValueLost,
    Revoked,
    TooManyRetries,
    UnknownTask,
)
from mog.interrupts import Pause
from mog.middleware import Middleware
from mog.mognet.backends import BaseBroker, BaseStateBackend, QueueStats
from mog.mognet.registry import TaskProtocol, TaskRegistry, task_registry
from mog.mognet.results import (
    AppParameters,
    BaseResultBackend,
    MemoryResultBackend,
    RedisResultBackend,
    ResultOrId,
    ResultValue,
    ResultValueHolder,
)
from mog.mognet.settings import (
    AmqpBrokerSettings,
    BrokerConfig,
    Encoding,
    RedisResultBackendSettings,
    RedisStateBackendSettings,
    ResultBackendConfig,
    StateBackendConfig,
)
from mog.request import Priority, Request
from mog.result import Result
from mog.services import ClassService
from mog.state import State
from mog.states import ERROR_STATES, SUCCESS_STATES, TERMINAL_STATES, ResultState
from mog.task import task

__all__ = [
    "ERROR_STATES",
    "READY_STATES",
    "STARTED_STATES",
    "STOPPED_STATES",
    "SUCCESS_STATES",
    "UNREADY_STATES",
    "AmqpBrokerSettings",
    "App",
    "AppConfig",
    "AppParameters",
    "BaseBroker",
    "BaseResultBackend",
    "BaseStateBackend",
    "BrokerConfig",
    "BrokerError",
    "ClassService",
    "ConnectionError",
    "Context",
    "CouldNotSubmit",
    "Encoding",
    "ImproperlyConfigured",
    "InvalidErrorInfo",
    "InvalidTaskArguments",
    "MemoryResultBackend",
    "Middleware",
    "MognetError",
    "NotConnected",
    "Pause",
    "Priority",
    "QueueNotFound",
    "QueueStats",
    "Queues",
    "RedisResultBackend",
    "RedisResultBackendSettings",
    "RedisStateBackendSettings",
    "Request",
    "Result",
    "ResultBackendConfig",
    "ResultChildren",
    "ResultError",
    "ResultFailed",
    "ResultLost",
    "ResultNotReady",
    "ResultOrId",
    "ResultState",
    "ResultTree",
    "ResultValue",
    "ResultValueHolder",
    "ResultValueLost",
    "Revoked",
    "State",
    "StateBackendConfig",
    "TaskProtocol",
    "TaskRegistry",
    "TooManyRetries",
    "UnknownTask",
    "task",
    "task_registry",
]

MognetError = MogError
ImproperlyConfigured = ConfigError
BrokerError = EngineError
ConnectionError = EngineError  # noqa: A001 - Mognet's name

READY_STATES = TERMINAL_STATES
UNREADY_STATES = frozenset(ResultState) - TERMINAL_STATES
STARTED_STATES = frozenset({ResultState.RUNNING, ResultState.SUSPENDED})
STOPPED_STATES = TERMINAL_STATES | {ResultState.SUSPENDED}
