"""RabbitMQ: queues and exchanges as they should be, in another way, and not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pamqp import body, commands, header
from pamqp.base import Frame
from pamqp.frame import marshal

from mog.doctor import Finding, Level, rabbit
from mog.engine.rabbitmq.channel import Channel
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.handshake import connect
from mog.engine.rabbitmq.server import ServerInfo
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.rabbitmq.topology import QueueType, Topology

OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL


class Place:
    """An app's names on a server, and a way to make what should, or should not, be there."""

    def __init__(self, url: str) -> None:
        self.settings = RabbitSettings.from_url(url)
        self.app = f"test-{uuid4().hex[:12]}"
        self.connection: Connection

    async def do(self, *requests: Frame) -> None:
        channel = await self.connection.open_channel(Channel(self.connection))
        await channel.call_all(requests)
        await channel.close()

    async def declare(self, queue: str, **others: object) -> None:
        topology = Topology(self.app, "node")
        await self.do(*topology.exchanges())
        wanted, _ = topology.queue(queue).declare()
        for name, value in others.items():
            setattr(wanted, name, value)
        await self.do(wanted)

    async def publish(self, queue: str) -> None:
        channel = await self.connection.open_channel(Channel(self.connection))
        name = f"{self.app}.{queue}"
        self.connection.send(_published(name, channel.number))
        while (await channel.call(commands.Queue.Declare(queue=name, passive=True))).message_count == 0:
            pass
        await channel.close()

    async def look(self, *queues: str, queue_type: QueueType = "classic", mognet: bool = False) -> list[Finding]:
        topology = Topology(self.app, "node", queue_type)
        return await rabbit.rabbitmq(self.settings, topology, queues, mognet=mognet)


def _published(queue: str, channel: int) -> bytes:
    sheet = header.ContentHeader(body_size=2, properties=commands.Basic.Properties())
    frames = (commands.Basic.Publish(exchange="", routing_key=queue), sheet, body.ContentBody(b"{}"))
    return b"".join(marshal(frame, channel) for frame in frames)


@pytest.fixture
async def place(amqp_url: str) -> AsyncIterator[Place]:
    place = Place(amqp_url)
    place.connection = await connect(place.settings)
    yield place
    names = ("tasks", "tasks.dead")
    await place.do(*(commands.Queue.Delete(queue=f"{place.app}.{name}") for name in names))
    await place.do(*(commands.Exchange.Delete(exchange=f"{place.app}.mognet.{kind}") for kind in ("direct", "control")))
    await place.connection.close()


def complaints(findings: list[Finding]) -> list[tuple[Level, str, str]]:
    return [(one.level, one.subject, one.text) for one in findings if one.level is not OK]


async def test_nothing_is_made(place: Place) -> None:
    findings = await place.look("tasks")
    assert complaints(findings) == []
    assert findings[-1].text == f"{place.app}.tasks is not there yet; who first needs it makes it"
    assert await place.look("tasks") == findings


async def test_what_is_there_as_it_should_be(place: Place) -> None:
    await place.declare("tasks")
    await place.declare("tasks.dead")
    server, queue = await place.look("tasks")
    assert server.text.startswith(f"{place.settings.label} is RabbitMQ ")
    assert queue.text == f"{place.app}.tasks: 0 ready, consumers: 0"


async def test_tasks_that_nobody_consumes(place: Place) -> None:
    await place.declare("tasks")
    await place.publish("tasks")
    [(level, subject, text)] = complaints(await place.look("tasks"))
    assert (level, subject) == (WARN, "queues")
    assert text == f"{place.app}.tasks: 1 ready, and nobody consumes"


async def test_dead_letters(place: Place) -> None:
    await place.declare("tasks.dead")
    await place.publish("tasks.dead")
    [(level, _, text)] = complaints(await place.look("tasks"))
    assert (level, text) == (WARN, "dead letters of queue tasks: 1")


@pytest.mark.parametrize("queue", ["tasks", "tasks.dead"])
async def test_queue_with_other_arguments(place: Place, queue: str) -> None:
    await place.declare(queue, arguments={"x-max-priority": 5})
    [(level, subject, text)] = complaints(await place.look("tasks"))
    assert (level, subject) == (FAIL, "queues")
    assert "x-max-priority" in text
    assert "rabbitmqctl delete_queue" in text


async def test_exchange_of_another_kind(place: Place) -> None:
    await place.do(commands.Exchange.Declare(exchange=f"{place.app}.mognet.direct", exchange_type="topic"))
    [(level, _, text)] = complaints(await place.look())
    assert level is FAIL
    assert "mognet.direct" in text


async def test_mognet_and_quorum_queues_exclude_each_other(place: Place) -> None:
    assert complaints(await place.look(mognet=True)) == []
    [(level, subject, _)] = complaints(await place.look(queue_type="quorum", mognet=True))
    assert (level, subject) == (FAIL, "settings")


@pytest.mark.parametrize(
    ("version", "mognet", "level"),
    [
        ((3, 9, 29), False, WARN),
        ((3, 10, 8), True, OK),
        ((4, 3, 0), False, OK),
        ((4, 3, 0), True, FAIL),
        ((), True, OK),
    ],
)
def test_versions(version: tuple[int, ...], mognet: bool, level: Level) -> None:
    *_, last = rabbit.server(RabbitSettings(), ServerInfo("RabbitMQ", version), None, mognet=mognet)
    assert last.level is level


@pytest.mark.parametrize(
    ("change", "said"), [({"password": "wrong"}, "refuses user or password"), ({"port": 1}, "nobody listens")]
)
async def test_server_that_is_out_of_reach(amqp_url: str, change: dict[str, Any], said: str) -> None:
    settings = replace(RabbitSettings.from_url(amqp_url), **change)
    [finding] = await rabbit.rabbitmq(settings, None, (), mognet=False)
    assert (finding.level, finding.out_of_reach) == (FAIL, True)
    assert said in finding.text
    assert "wrong" not in finding.text
