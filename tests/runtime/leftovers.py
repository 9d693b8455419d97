"""Removes what tests leave on servers that they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pamqp import commands
from pamqp.base import Frame

from mog.engine.contracts import Engine
from mog.engine.distributed.broker import DistributedBroker
from mog.engine.distributed.core import Core
from mog.engine.rabbitmq.channel import Channel
from mog.engine.rabbitmq.handshake import connect
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.redis.client import Client
from mog.engine.redis.settings import RedisSettings


def core_of(engine: Engine) -> Core:
    """Return what the parts of a distributed engine share."""
    assert isinstance(engine.broker, DistributedBroker)
    return engine.broker.core


def queues_of(engine: Engine) -> set[str]:
    """Return the short names of what an engine has declared."""
    return set(core_of(engine).transport._declarations._known)


async def remove(app: str, queues: Iterable[str], rabbit: RabbitSettings, redis: RedisSettings) -> None:
    """Remove an app's exchanges, these of its queues, and its keys."""
    requests: list[Frame] = [commands.Queue.Delete(queue=f"{app}.{queue}") for queue in queues]
    requests += [commands.Exchange.Delete(exchange=f"{app}.mognet.{kind}") for kind in ("direct", "control")]
    await ask(rabbit, requests)
    await _remove_keys(app, redis)


async def empty(app: str, queues: Iterable[str], rabbit: RabbitSettings, redis: RedisSettings) -> None:
    """Remove an app's messages and keys; its queues stay, since to make them anew may take RabbitMQ a second."""
    await ask(rabbit, [commands.Queue.Purge(queue=f"{app}.{queue}") for queue in queues])
    await _remove_keys(app, redis)


async def ask(rabbit: RabbitSettings, requests: Sequence[Frame]) -> None:
    """Make requests of RabbitMQ over a connection of their own."""
    connection = await connect(rabbit)
    channel = await connection.open_channel(Channel(connection))
    await channel.call_all(requests)
    await connection.close()


async def _remove_keys(app: str, redis: RedisSettings) -> None:
    client = Client(redis)
    await client.open()
    [keys] = await client.call([("KEYS", f"{app}.*")])
    if keys:
        await client.call([("DEL", *keys)])
    await client.close()
