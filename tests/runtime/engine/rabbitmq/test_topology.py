"""The names and arguments here are Mognet's; whoever declares others is refused by the server."""

from __future__ import annotations

import pytest

from mog.engine.rabbitmq.server import ServerInfo
from mog.engine.rabbitmq.topology import QueueSpec, Topology
from mog.errors import ConfigError

OLD, NEW = ServerInfo("RabbitMQ", (3, 10, 8)), ServerInfo("RabbitMQ", (4, 3, 0))


def test_exchanges() -> None:
    direct, control = Topology("app", "node").exchanges()
    assert (direct.exchange, direct.exchange_type, direct.durable) == ("app.mognet.direct", "direct", True)
    assert (control.exchange, control.exchange_type, control.durable) == ("app.mognet.control", "fanout", False)
    assert not direct.auto_delete
    assert not control.auto_delete
    assert not direct.arguments
    assert not control.arguments


def test_a_task_queue() -> None:
    spec = Topology("app", "node").queue("tasks")
    assert spec == QueueSpec("app.tasks", "app.mognet.direct", True, False, {"x-max-priority": 10})


def test_a_queue_of_dead_letters_is_a_queue_like_others() -> None:
    topology = Topology("app", "node")
    assert topology.dead_queue("tasks") == "tasks.dead"
    assert topology.queue("tasks.dead").arguments == topology.queue("tasks").arguments


def test_a_quorum_queue_drops_nothing() -> None:
    spec = Topology("app", "node", "quorum").queue("tasks")
    assert spec.arguments == {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}


def test_the_control_queue() -> None:
    arguments = {"x-expires": 30_000, "x-message-ttl": 30_000}
    topology = Topology("app", "7@host")
    expected = QueueSpec("app.mognet.control.7@host", "app.mognet.control", False, True, arguments)
    assert topology.control_queue(OLD) == expected
    assert topology.control_queue(NEW) == expected._replace(durable=True)


def test_the_queue_for_answers() -> None:
    spec = Topology("app", "node").callback_queue(OLD, "x")
    assert (spec.name, spec.exchange) == ("app.mognet.callback.node.x", "app.mognet.direct")


def test_what_is_sent_to_declare_a_queue() -> None:
    declare, bind = Topology("app", "node").queue("tasks").declare()
    assert (declare.queue, declare.durable, declare.exclusive, declare.auto_delete) == ("app.tasks", True, False, False)
    assert (bind.queue, bind.exchange, bind.routing_key) == ("app.tasks", "app.mognet.direct", "app.tasks")


@pytest.mark.parametrize(("app", "node"), [("ä", "node"), ("app", "no de\n"), ("app", "né")])
def test_names_that_amqp_does_not_take(app: str, node: str) -> None:
    with pytest.raises(ConfigError, match="characters that AMQP does not take"):
        Topology(app, node)


def test_names_that_are_too_long() -> None:
    topology = Topology("app", "node")
    with pytest.raises(ConfigError, match="longer than 127 characters; shorten"):
        topology.queue("q" * 130)
    with pytest.raises(ConfigError, match="longer than 127"):
        topology.full_name("q" * 124)
    assert len(topology.full_name("q" * 123)) == 127
