"""RabbitMQ: whether it lets us in, and has what we declare in the way that we declare it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pamqp import commands
from pamqp.base import Frame

from mog.doctor.findings import Finding, fail, ok, warn
from mog.engine.rabbitmq.channel import Channel
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.failures import NotThere
from mog.engine.rabbitmq.handshake import connect
from mog.engine.rabbitmq.server import ServerInfo
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.rabbitmq.topology import QueueSpec, Topology
from mog.errors import ConfigError, EngineError

SUBJECT = "rabbitmq"

OLDEST = (3, 10)
"""The oldest version that mog is made for."""


async def rabbitmq(
    settings: RabbitSettings, topology: Topology | None, queues: Iterable[str], *, mognet: bool
) -> list[Finding]:
    """Look at the server and, where the app and so its ``topology`` is known, at what it has of it.

    Nothing is made. What is there is declared once more as it should be, which changes nothing: the server says if it
    is there in another way.
    """
    try:
        connection = await connect(settings)
    except (EngineError, ConfigError) as error:
        return [fail(SUBJECT, str(error), out_of_reach=True)]
    findings = server(settings, connection.server, topology, mognet=mognet)
    try:
        if topology is not None:
            for exchange in topology.exchanges():
                findings += await look_at_exchange(connection, exchange)
            for queue in sorted(queues):
                findings += await look_at_queue(connection, topology.queue(queue))
                findings += await look_at_dead_letters(connection, topology, queue)
    except EngineError as error:
        findings.append(fail(SUBJECT, str(error), out_of_reach=True))
    finally:
        await connection.close()
    return findings


def server(settings: RabbitSettings, info: ServerInfo, topology: Topology | None, *, mognet: bool) -> list[Finding]:
    """Judge the version; ``mognet`` tells that processes of Mognet take part."""
    version = ".".join(map(str, info.version)) or "of unknown version"
    findings = [ok(SUBJECT, f"{settings.label} is {info.product} {version}")]
    if info.version and info.version < OLDEST:
        least = ".".join(map(str, OLDEST))
        findings = [warn(SUBJECT, f"{settings.label} is {version}", f"mog is made for {least} and later")]
    if mognet and not info.allows_transient_queues:
        what = f"{settings.label} is {version}, which refuses Mognet's control queues"
        findings.append(fail(SUBJECT, what, "as long as Mognet takes part, stay below 4.3"))
    if mognet and topology is not None and topology.queue_type == "quorum":
        what = "mognet_interop and queue_type quorum exclude each other: Mognet declares classic queues"
        findings.append(fail("settings", what, "keep queue_type classic until the last process of Mognet has gone"))
    return findings


async def look_at_exchange(connection: Connection, wanted: commands.Exchange.Declare) -> list[Finding]:
    """Find an exchange that is of another kind; one that is not there is made when it is needed."""
    name = wanted.exchange
    try:
        if await ask(connection, commands.Exchange.Declare(exchange=name, passive=True)) is not None:
            await ask(connection, wanted)
    except EngineError as error:
        return [fail("queues", str(error))]
    return []


async def look_at_queue(connection: Connection, wanted: QueueSpec) -> list[Finding]:
    """Find a queue with other arguments, and one that fills up while nobody consumes."""
    try:
        found = await ask(connection, commands.Queue.Declare(queue=wanted.name, passive=True))
        if found is None:
            return [ok("queues", f"{wanted.name} is not there yet; who first needs it makes it")]
        await ask(connection, wanted.declare()[0])
    except EngineError as error:
        return [fail("queues", str(error))]
    ready, consumers = found.message_count or 0, found.consumer_count or 0
    if ready and not consumers:
        return [warn("queues", f"{wanted.name}: {ready} ready, and nobody consumes", "start a worker: mog run")]
    return [ok("queues", f"{wanted.name}: {ready} ready, consumers: {consumers}")]


async def look_at_dead_letters(connection: Connection, topology: Topology, queue: str) -> list[Finding]:
    """Find messages that no worker could bring to a good end."""
    wanted = topology.queue(topology.dead_queue(queue))
    try:
        found = await ask(connection, commands.Queue.Declare(queue=wanted.name, passive=True))
        if found is not None:
            await ask(connection, wanted.declare()[0])
    except EngineError as error:
        return [fail("queues", str(error))]
    count = 0 if found is None else found.message_count or 0
    return [warn("queues", f"dead letters of queue {queue}: {count}", "look at them: mog dead list")] if count else []


async def ask(connection: Connection, request: Frame) -> Any:
    """Ask on a channel of its own, which the server closes if it minds; return None for what is not there."""
    channel = await connection.open_channel(Channel(connection))
    try:
        return await channel.call(request)
    except NotThere:
        return None
    finally:
        channel.discard()
