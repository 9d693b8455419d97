"""RabbitMQ and Redis, as the systems that need them find them, and one name for all that a measurement keeps there."""

from __future__ import annotations

import os

from adapter import SETTING

AMQP_URL = os.environ.get("BENCH_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")
REDIS_URL = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/0")
NAME = f"bench-{SETTING.directory.name}"
"""In the name of every queue, exchange and key: what others keep on the servers is not touched."""

REDIS = frozenset({"redis-server"})
RABBITMQ_AND_REDIS = REDIS | {"beam.smp"}
"""The names of the servers' processes."""
