"""One engine's place in Redis, by noun. What follows holds for all methods of all its parts.

Methods that take a sequence are batched: one round trip for all, an answer each, in order. Each item's change is
atomic. What goes wrong with one item is its answer, a MogError; EngineUnavailable, StoreUnusable and NotConnected are
raised for the whole. A call whose connection is lost under way is repeated once, and knows of its first try; the caller
may repeat it further.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from mog.engine.redis.answers import ServerInfo
from mog.engine.redis.attempts import Attempts
from mog.engine.redis.client import Client
from mog.engine.redis.leases import LEASE, Leases
from mog.engine.redis.records import Records
from mog.engine.redis.schedule import Schedule
from mog.engine.redis.scripts import Scripts
from mog.engine.redis.server import check_schema, look_at
from mog.engine.redis.settings import RedisSettings
from mog.engine.redis.submissions import Submissions
from mog.engine.redis.unparking import Unparking
from mog.engine.redis.watches import Watches


class RedisStore:
    """Connection, scripts and parts.

    ``owner`` is one life of one process: unique, even if ``node_id``, its name in records, is used again. ``lease`` is
    for how many seconds it counts as alive when nothing is heard of it. ``clock`` is for tests: it replaces Redis's for
    all that users see (not for leases, nor for what is on its way to RabbitMQ).
    """

    def __init__(
        self,
        settings: RedisSettings,
        app: str,
        *,
        node_id: str,
        lease: float = LEASE,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.settings = settings
        self.owner = secrets.token_hex(8)
        self.server = ServerInfo()
        self._client = Client(settings)
        self.scripts = Scripts(self._client, app, clock)
        self.submissions = Submissions(self.scripts, self.owner)
        self.attempts = Attempts(self.scripts, self.owner, node_id, lease)
        self.schedule = Schedule(self.scripts)
        self.unparking = Unparking(self.scripts)
        self.leases = Leases(self.scripts, self.owner, node_id, lease)
        self.records = Records(self.scripts)
        self.watches = Watches(self.scripts, self.owner)
        self._users = 0

    async def open(self) -> None:
        """Connect, for one more user. Raises EngineUnavailable, StoreUnusable, StoreTooNew."""
        if self._users == 0:
            await self._client.open()
            try:
                self.server = await look_at(self._client)
                await check_schema(self._client, self.scripts.app)
            except BaseException:
                await self._client.close()
                raise
        self._users += 1

    async def close(self) -> None:
        """Close for one user; the last one lets go of the connections. Never raises."""
        if self._users == 0:
            return
        self._users -= 1
        if self._users == 0:
            await self.watches.close()
            await self._client.close()

    def abandon(self) -> None:
        """Let go of the sockets at once and without a word, see :meth:`Broker.abandon`."""
        self._users = 0
        self.watches.abandon()
        self._client.abandon()
