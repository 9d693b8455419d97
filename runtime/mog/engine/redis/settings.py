"""Where Redis is and how to reach it, read from a ``redis:`` or ``rediss:`` URL."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from mog.errors import ConfigError

_TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
_OPTIONS = ("db", *_TLS_OPTIONS)


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """Address, credentials and times (seconds). ``str()`` of it, and all that is logged, is without credentials.

    ``connect_timeout`` bounds an attempt to connect; a wire on which nothing comes for ``answer_timeout`` while an
    answer is awaited is given up.
    """

    host: str = "localhost"
    port: int = 6379
    database: int = 0
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    connect_timeout: float = 5.0
    answer_timeout: float = 15.0

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read ``redis[s]://[[user]:password@]host[:port][/database]``. Raises ConfigError, without credentials.

        ``?db=`` names the database too; ``rediss:`` takes ``ssl_ca_certs``, ``ssl_certfile`` and ``ssl_keyfile`` (paths
        of PEM files), ``ssl_cert_reqs=none`` and ``ssl_check_hostname=false``, as redis-py does.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss"):
            raise ConfigError("a Redis URL begins with redis: or rediss:")
        options = _options(parts)
        return cls(
            host=parts.hostname or "localhost",
            port=_port(parts),
            database=_database(parts, options),
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=_tls_context(options) if parts.scheme == "rediss" else None,
        )

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"redis{'s' if self.tls else ''}://{host}:{self.port}/{self.database}"


def _options(parts: SplitResult) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    known = _OPTIONS if parts.scheme == "rediss" else ("db",)
    for name in options:
        if name not in known:
            raise ConfigError(f"a {parts.scheme}: URL has no option {name!r}; it may have {', '.join(known)}")
    return options


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or 6379
    except ValueError:
        raise ConfigError("the port of a Redis URL is a number up to 65535") from None


def _database(parts: SplitResult, options: dict[str, str]) -> int:
    named = parts.path.strip("/") or options.get("db") or "0"
    if not named.isdecimal():
        raise ConfigError(f"the database of a Redis URL is a number, as in redis://host:6379/0, not {named!r}")
    return int(named)


def _tls_context(options: dict[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
        if "ssl_certfile" in options:
            context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(f"the certificates that the Redis URL names cannot be read: {error}") from error
    required = options.get("ssl_cert_reqs", "required") == "required"
    if not required or options.get("ssl_check_hostname", "true").lower() in ("false", "0", "no"):
        context.check_hostname = False
    if not required:
        context.verify_mode = ssl.CERT_NONE
    return context
