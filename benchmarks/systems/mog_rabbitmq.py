"""mog on RabbitMQ and Redis. Variants: ``quorum`` (quorum queues instead of classic ones), ``command`` (the worker is
`mog run`, which prints a line per task, instead of the library's quiet worker)."""

from __future__ import annotations

from adapter import SETTING
from mog_adapter import MogAdapter
from pamqp import commands
from servers import AMQP_URL, NAME, RABBITMQ_AND_REDIS, REDIS_URL

from mog import App
from mog.engine.rabbitmq.channel import Channel
from mog.engine.rabbitmq.handshake import connect
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.redis.client import Client
from mog.engine.redis.server import look_at
from mog.engine.redis.settings import RedisSettings

KIND = "quorum" if "quorum" in SETTING.variant else "classic"

app = App(NAME, broker=AMQP_URL, results=REDIS_URL, queue_type=KIND)


class MogRabbitmq(MogAdapter):
    """Leaves nothing on the servers."""

    servers = RABBITMQ_AND_REDIS

    async def close(self) -> None:
        await super().close()
        connection = await connect(RabbitSettings.from_url(AMQP_URL))
        channel = await connection.open_channel(Channel(connection))
        exchanges = [commands.Exchange.Delete(exchange=f"{NAME}.mognet.{kind}") for kind in ("direct", "control")]
        await channel.call_all([commands.Queue.Delete(queue=f"{NAME}.tasks"), *exchanges])
        await connection.close()
        client = Client(RedisSettings.from_url(REDIS_URL))
        await client.open()
        redis = await look_at(client)
        [keys] = await client.call([("KEYS", f"{NAME}.*")])
        for start in range(0, len(keys), 1000):
            await client.call([("UNLINK", *keys[start : start + 1000])])
        await client.close()
        rabbitmq = ".".join(map(str, connection.server.version))
        aof = "with" if redis.aof else "without"
        self.server_versions = f"RabbitMQ {rabbitmq}, {redis.product} {redis.version} ({aof} append-only file)"


ADAPTER = MogRabbitmq(
    app,
    __name__,
    f"a durable {KIND} queue, persistent and confirmed, an outbox in Redis; acknowledged after the result is stored",
)
