"""RabbitMQ and Redis under a fleet, with proxies between them and the workers, and the disasters that befall them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from uuid import uuid4

from pamqp import commands
from tests.chaos.append_only import OPTIONS
from tests.chaos.grounds import Deed, Ground
from tests.chaos.redis_ledger import RedisLedger
from tests.runtime.leftovers import ask, remove
from tests.runtime.proxy import Proxy, proxy_to
from tests.services import RabbitServer, RedisServer, rabbitmq, redis

from mog import App
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.redis.client import Client
from mog.engine.redis.settings import RedisSettings

HEARTBEAT = 2
"""Seconds; RabbitMQ gives a connection up from which it hears nothing for about twice as long."""

QUEUE = "tasks"

KEPT = {"index", "sweeping", "places", "body", "dead-queues"}
"""Keys below ``{app}.mog.`` that may stay: of bodies, those of tasks that failed or were called off."""

Pair = tuple[Proxy, Proxy]


class DistributedGround(Ground):
    """See :class:`Ground`. ``rabbit`` is a server that may be stopped; None where the URL is that of a shared one."""

    recovery = 12.0

    def __init__(self, amqp_url: str, rabbit: RabbitServer | None, store: RedisServer, wires: Pair) -> None:
        super().__init__()
        name = f"chaos-{uuid4().hex[:8]}"
        self.rabbit, self.store, self.wires = rabbit, store, wires
        self.rabbit_settings, self.redis_settings = RabbitSettings.from_url(amqp_url), RedisSettings.from_url(store.url)
        self.app = App(name, broker=amqp_url, results=store.url)
        self.ledger: RedisLedger = RedisLedger(name, store.directory)
        self.settings = {
            "CHAOS_APP": name,
            "MOG_BROKER": f"{wires[0].url}?heartbeat={HEARTBEAT}",
            "MOG_RESULTS": wires[1].url,
        }

    async def prepare(self) -> None:
        """See :meth:`Ground.prepare`."""
        await self.app.connect()

    async def left(self) -> list[str]:
        """See :meth:`Ground.left`: messages, and keys that show that somebody owns, owes or waits for anything."""
        left = [f"{count} messages in {queue}" for queue, count in (await self._messages()).items() if count]
        client = Client(self.redis_settings)
        await client.open()
        [keys, index] = await client.call([("KEYS", f"{self.app.name}.*"), ("ZCARD", f"{self.app.name}.mog.index")])
        await client.close()
        kinds = Counter(key.decode().removeprefix(f"{self.app.name}.").split(".")[1] for key in keys)
        left += [f"{count} keys of {kind}" for kind, count in kinds.items() if kind not in KEPT | {"result"}]
        known = len(self.ledger)
        return left + ([f"the log tells of {known} tasks, Redis of {index}"] if known != index else [])

    async def _messages(self) -> dict[str, int]:
        await self.app.connect()
        depths = await self.app.queue_depths([QUEUE])
        letters = await self.app.dead_letters.find()
        return {QUEUE: depths[0].ready, "the dead letters' queues": len(letters)}

    # -- disasters

    def disasters(self) -> Sequence[Deed]:
        """See :meth:`Ground.disasters`."""
        own: list[Deed] = [] if self.rabbit is None else [self.stop_rabbitmq]
        return [*own, self.stop_redis, self.cut, self.slow_down, self.half_close, self.stall, self.delete_queue]

    async def stop_rabbitmq(self, chance: random.Random) -> None:
        """Stop it as an operator does, or kill it; start it again."""
        assert self.rabbit is not None
        await self._stop("RabbitMQ gone", chance, (self.rabbit.stop, self.rabbit.kill), self.rabbit.start)

    async def stop_redis(self, chance: random.Random) -> None:
        """Stop it as an operator does, or kill it; start it again with what its append-only file has."""
        await self._stop("Redis gone", chance, (self.store.stop, self.store.kill), self.store.start)

    async def _stop(
        self, name: str, chance: random.Random, ways: Sequence[Callable[[], None]], start: Callable[[], None]
    ) -> None:
        with self.deeds.spell(name, endangers=name == "Redis gone"):
            await asyncio.to_thread(chance.choice(ways))
            await asyncio.sleep(chance.uniform(0.0, 2.0))
            await asyncio.to_thread(start)

    async def cut(self, chance: random.Random) -> None:
        """Break all the workers' connections to one server, some times in a row."""
        wire = chance.choice(self.wires)
        with self.deeds.spell("wire cut"):
            for _ in range(chance.randint(1, 4)):
                wire.cut()
                await asyncio.sleep(chance.uniform(0.0, 0.4))

    async def slow_down(self, chance: random.Random) -> None:
        """Let little through, in small pieces."""
        wire = chance.choice(self.wires)
        with self.deeds.spell("wire slow", endangers=wire is self.wires[1]):
            for flow in (wire.up, wire.down):
                flow.delay, flow.chunk = chance.uniform(0.01, 0.05), 4096
            await asyncio.sleep(chance.uniform(1.0, 3.0))
            wire.heal()

    async def half_close(self, chance: random.Random) -> None:
        """Tell the workers that a server sends nothing more, while it still hears them."""
        with self.deeds.spell("wire half-closed"):
            chance.choice(self.wires).finish_server_side()
            await asyncio.sleep(chance.uniform(0.5, 2.0))

    async def stall(self, chance: random.Random) -> None:
        """Let nothing through and say nothing, for longer than RabbitMQ's heartbeats and shorter than a lease."""
        wire = chance.choice(self.wires)
        with self.deeds.spell("wire dead", endangers=wire is self.wires[1]):
            wire.stall()
            await asyncio.sleep(chance.uniform(1.0, 5.0))
            wire.heal()

    async def delete_queue(self, _chance: random.Random) -> None:
        """Delete the queue of all tasks while workers consume it."""
        with self.deeds.spell("queue deleted"):
            await ask(self.rabbit_settings, [commands.Queue.Delete(queue=f"{self.app.name}.{QUEUE}")])


@asynccontextmanager
async def distributed_ground(shared_amqp_url: str | None = None) -> AsyncIterator[DistributedGround]:
    """Start the servers of a fleet: both, or Redis alone beside a RabbitMQ that others use too."""
    with ExitStack() as servers:
        own = None if shared_amqp_url else await asyncio.to_thread(servers.enter_context, rabbitmq())
        store = await asyncio.to_thread(servers.enter_context, redis(*OPTIONS))
        amqp_url = own.url if own else str(shared_amqp_url)
        async with proxy_to(amqp_url, 5672) as front, proxy_to(store.url, 6379) as back:
            ground = DistributedGround(amqp_url, own, store, (front, back))
            try:
                yield ground
            finally:
                await ground.app.close()
                if own is None:
                    dead = f"{QUEUE}.dead"
                    await remove(ground.app.name, [QUEUE, dead], ground.rabbit_settings, ground.redis_settings)
                ground.ledger.close()
