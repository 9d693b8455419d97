"""What the distributed engine can be told besides where its servers are."""

from __future__ import annotations

from typing import NamedTuple

from mog.engine.rabbitmq.topology import QueueType
from mog.engine.redis.leases import LEASE


class DistributedOptions(NamedTuple):
    """Times are in seconds.

    ``consumer_timeout`` is the server's: after half of it, and after ten minutes at most, a running task's message is
    acknowledged, for the store alone then to stand for the task. ``look_ahead`` is how many messages may come ahead
    of slots, shared by the queues and not more than there are slots. A process that does not renew its ``lease`` is
    taken for dead. What is published and not confirmed is published again after ``outbox_age``. ``tick`` is the
    time between two looks for what others have left behind. ``mognet_interop``: processes of Mognet take part.
    """

    app: str
    node_id: str
    queue_type: QueueType = "classic"
    consumer_timeout: float = 1800.0
    look_ahead: int = 16
    lease: float = LEASE
    outbox_age: float = 10.0
    tick: float = 1.0
    mognet_interop: bool = False
