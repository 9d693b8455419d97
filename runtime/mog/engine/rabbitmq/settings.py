"""Where RabbitMQ is and how to reach it, read from an ``amqp:`` or ``amqps:`` URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Tls:
    """How ``amqps:`` proves who is who; paths of PEM files, ``server_name`` where it is not the host's."""

    cafile: str | None = None
    capath: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    verify: bool = True
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class RabbitSettings:
    """Address, credentials and times (seconds). ``str()`` of it, and all that is logged, is without credentials.

    ``heartbeat`` is what both ends promise to send something within; a wire that is silent for one and a half of it is
    given up. ``connect_timeout`` bounds each attempt to connect, ``confirm_timeout`` the wait for the server's word on
    what was published, and for its answer to any request.
    """

    host: str = "localhost"
    port: int = 5672
    user: str = "guest"
    password: str = field(default="guest", repr=False)
    virtual_host: str = "/"
    tls: Tls | None = None
    heartbeat: float = 20.0
    connect_timeout: float = 10.0
    confirm_timeout: float = 30.0
    name: str = "mog"

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read ``amqp[s]://user:password@host:port/vhost?option=value``. Raises ConfigError, without credentials."""
        raise NotImplementedError
