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

    @property
    def allows_transient_queues(self) -> bool:
        """Whether queues may be declared that are neither durable nor exclusive, as Mognet's control queues are."""
        return self.version < NO_TRANSIENT_QUEUES


NO_TRANSIENT_QUEUES = (4, 3)
"""From this version on: https://github.com/rabbitmq/rabbitmq-server/releases/tag/v4.3.0

Nothing else of the version counts. Versions from 3.10 are supported; arguments of lasting queues do not depend on it,
because a queue outlives an upgrade of its server, and whoever then declared it with others would be refused.
"""
