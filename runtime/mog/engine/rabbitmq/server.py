"""What the server at the other end is, and what its version means for us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class ServerInfo(NamedTuple):
    """Product and version, as the server gives them in its first frame."""

    product: str = "unknown"
    version: tuple[int, ...] = ()

    @classmethod
    def read(cls, properties: Mapping[str, Any]) -> ServerInfo:
        """Read the ``server-properties`` of Connection.Start; what is missing is unknown, which counts as the oldest.

        Pre-releases and distributors' marks (``4.0.0-rc.1``, ``3.10.8+1``) count as the release they are about.
        """
        number = re.match(r"\d+(\.\d+)*", str(properties.get("version", "")))
        version = tuple(map(int, number[0].split("."))) if number else ()
        return cls(str(properties.get("product", "unknown")), version)

    def profile(self) -> Profile:
        """Return what holds for this version."""
        return next(profile for profile in PROFILES if self.version >= profile.since)


class Profile(NamedTuple):
    """What holds from one version of RabbitMQ on, as far as it touches us.

    ``transient_shared_queues``: queues that are neither durable nor exclusive may be declared, as Mognet's control
    queues are. ``quorum_priorities``: how many levels a quorum queue tells apart (from 4.0 on: priorities over 4 before
    the others); with 1, priority decides only among what a worker has prefetched. ``requeue_counts``: what is handed
    back to a quorum queue counts as a failed delivery.
    """

    since: tuple[int, ...]
    transient_shared_queues: bool
    quorum_priorities: int
    requeue_counts: bool
    source: str


PROFILES = (
    Profile((4, 3), False, 32, False, "https://github.com/rabbitmq/rabbitmq-server/releases/tag/v4.3.0"),
    Profile((4, 0), True, 2, True, "https://github.com/rabbitmq/rabbitmq-server/releases/tag/v4.0.1"),
    Profile((), True, 1, True, "https://www.rabbitmq.com/docs/3.13/quorum-queues"),
)
"""Newest first. Versions from 3.10 are supported; arguments of lasting queues do not depend on the version, because a
queue outlives an upgrade of its server, and whoever then declared it with others would be refused."""
