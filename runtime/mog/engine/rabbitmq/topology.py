"""Names and arguments of exchanges and queues: Mognet's, so that both kinds of process share them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pamqp import commands

from mog.engine.rabbitmq.server import ServerInfo
from mog.errors import ConfigError

QueueType = Literal["classic", "quorum"]

MAXIMUM_PRIORITY = 10

NEVER_DROP = 1_000_000
"""Deliveries after which a quorum queue drops a message; from 4.0 on the default is 20. Crashes are counted elsewhere,
and messages handed back must not be dropped. The number is one that all versions take."""

_NAME = re.compile(r"[a-zA-Z0-9\-_.:@#,/+ ]+")
"""Characters that the AMQP codec lets into the names of queues and exchanges."""

_LONGEST_NAME = 127
"""Bytes of an exchange's or queue's name in AMQP 0-9-1; RabbitMQ itself takes 255."""


class QueueSpec(NamedTuple):
    """A queue as it is declared, and the exchange to which it is bound with its own name as key."""

    name: str
    exchange: str
    durable: bool
    auto_delete: bool
    arguments: Mapping[str, Any]

    def declare(self) -> list[commands.Queue.Declare | commands.Queue.Bind]:
        """Return the requests that make it."""
        return [
            commands.Queue.Declare(
                queue=self.name, durable=self.durable, auto_delete=self.auto_delete, arguments=dict(self.arguments)
            ),
            commands.Queue.Bind(queue=self.name, exchange=self.exchange, routing_key=self.name),
        ]


class Topology:
    """What one app has on the server, seen from one node. Raises ConfigError for names that AMQP does not take."""

    def __init__(self, app: str, node_id: str, queue_type: QueueType = "classic") -> None:
        self.app = app
        self.node_id = node_id
        self.queue_type = queue_type
        self.direct_exchange = _checked(f"{app}.mognet.direct")
        self.control_exchange = _checked(f"{app}.mognet.control")
        self._control_name = _checked(f"{app}.mognet.control.{node_id}")
        self._callback_name = _checked(f"{app}.mognet.callback.{node_id}")

    def full_name(self, queue: str) -> str:
        """Return the name that a queue has on the server."""
        return _checked(f"{self.app}.{queue}")

    def dead_queue(self, queue: str) -> str:
        """Return the short name of the queue in which dead letters of ``queue`` are kept."""
        return f"{queue}.dead"

    def exchanges(self) -> list[commands.Exchange.Declare]:
        """Return the requests that make the exchanges."""
        return [
            commands.Exchange.Declare(exchange=self.direct_exchange, exchange_type="direct", durable=True),
            commands.Exchange.Declare(exchange=self.control_exchange, exchange_type="fanout", durable=False),
        ]

    def queue(self, queue: str) -> QueueSpec:
        """Return how a queue of tasks, or of dead letters, is declared: whoever declares it otherwise is refused."""
        if self.queue_type == "quorum":
            arguments: dict[str, Any] = {"x-queue-type": "quorum", "x-delivery-limit": NEVER_DROP}
        else:
            arguments = {"x-max-priority": MAXIMUM_PRIORITY}
        return QueueSpec(self.full_name(queue), self.direct_exchange, True, False, arguments)

    def control_queue(self, server: ServerInfo) -> QueueSpec:
        """Return how this node's control queue is declared."""
        return self._short_lived(self._control_name, self.control_exchange, server)

    def callback_queue(self, server: ServerInfo, token: str) -> QueueSpec:
        """Return how a queue for answers is declared; ``token`` keeps those of one node apart."""
        return self._short_lived(_checked(f"{self._callback_name}.{token}"), self.direct_exchange, server)

    def _short_lived(self, name: str, exchange: str, server: ServerInfo) -> QueueSpec:
        """Take Mognet's arguments; nobody but this node declares the queue, so durable where the server wants that."""
        durable = not server.allows_transient_queues
        return QueueSpec(name, exchange, durable, True, {"x-expires": 30_000, "x-message-ttl": 30_000})


def _checked(name: str) -> str:
    if len(name) > _LONGEST_NAME:
        raise ConfigError(f"the name {name!r} is longer than {_LONGEST_NAME} characters; shorten app, queue or node_id")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"the name {name!r} has characters that AMQP does not take; use letters, digits and -_.:@#,/+"
        )
    return name
