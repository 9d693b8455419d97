"""Where RabbitMQ is and how to reach it, read from an ``amqp:`` or ``amqps:`` URL."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from mog.errors import ConfigError
from mog.validation import did_you_mean

PORTS = {"amqp": 5672, "amqps": 5671}
"""https://www.rabbitmq.com/docs/uri-spec"""


@dataclass(frozen=True, slots=True)
class Tls:
    """How ``amqps:`` proves who is who: PEM files, and ``server_name`` where the certificate is not in the host's."""

    cafile: str | None = None
    capath: str | None = None
    cadata: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    verify: bool = True
    server_name: str | None = None

    def context(self) -> ssl.SSLContext:
        """Read the files. Raises ConfigError where one cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.cafile, capath=self.capath, cadata=self.cadata)
            if self.certfile is not None:
                context.load_cert_chain(self.certfile, self.keyfile)
        except (OSError, ValueError) as error:
            named = ", ".join(name for name in (self.cafile, self.capath, self.certfile, self.keyfile) if name)
            raise ConfigError(f"a certificate or key cannot be read ({error}); see {named or 'cadata'}") from None
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True)
class RabbitSettings:
    """Address, credentials and times (seconds).

    ``heartbeat`` is what both ends promise to send something within; a wire that is silent for one and a half of it is
    given up. ``connect_timeout`` bounds each attempt to connect, ``confirm_timeout`` the wait for the server's word on
    what was published, and for its answer to any request. ``name`` is what operators see.
    """

    host: str = "localhost"
    port: int = 5672
    user: str = field(default="guest", repr=False)
    password: str = field(default="guest", repr=False)
    virtual_host: str = "/"
    tls: Tls | None = None
    heartbeat: int = 20
    connect_timeout: float = 10.0
    confirm_timeout: float = 30.0
    name: str = "mog"

    @property
    def label(self) -> str:
        """The server, for messages to people: no credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"RabbitMQ at {host}:{self.port}"

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read ``amqp[s]://user:password@host:port/vhost?option=value``.

        The options are RabbitMQ's (https://www.rabbitmq.com/docs/uri-query-parameters) and those that aiormq knows, as
        URLs written for Mognet have them. Raises ConfigError, which names no credentials.
        """
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme, parts.hostname, parts.port
        except ValueError:  # its text may hold a piece of the password
            raise ConfigError(f"the amqp URL cannot be read; {_FORM}") from None
        if scheme not in PORTS or not host:
            raise ConfigError(f"the amqp URL names no {'host' if scheme in PORTS else 'known scheme'}; {_FORM}")
        if "@" in parts.path or parts.fragment:  # the password ended the host too early, and may be in any part now
            raise ConfigError(f"the amqp URL cannot be read; {_FORM}")
        options = _options(parts.query)
        tls = {name: options.pop(name) for name in list(options) if name in Tls.__slots__}
        return cls(
            host=host,
            port=port or PORTS[scheme],
            user=unquote(parts.username) if parts.username is not None else "guest",
            password=unquote(parts.password) if parts.password is not None else "guest",
            virtual_host=unquote(parts.path[1:]) or "/",
            tls=Tls(**tls) if scheme == "amqps" else None,
            **options,
        )


_FORM = "it is amqp://user:password@host:port/vhost, or amqps: for TLS, with special characters %-encoded"

_OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "heartbeat": ("heartbeat", lambda text: _between(1, int(text), 600)),
    "connection_timeout": ("connect_timeout", lambda text: _between(0.001, float(text) / 1000, 600)),  # milliseconds
    "timeout": ("connect_timeout", lambda text: _between(0.001, float(text), 600)),
    "name": ("name", str),
    "cacertfile": ("cafile", str),
    "cafile": ("cafile", str),
    "capath": ("capath", str),
    "cadata": ("cadata", lambda text: base64.b64decode(text, validate=True).decode("ascii")),
    "certfile": ("certfile", str),
    "keyfile": ("keyfile", str),
    "verify": ("verify", lambda text: {"verify_peer": True, "verify_none": False}[text]),
    "no_verify_ssl": ("verify", lambda text: {"0": True, "1": False}[text]),
    "server_name_indication": ("server_name", str),
}
"""What a URL may set: name there, name here, and how it is read."""


def _options(query: str) -> dict[str, Any]:
    found = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name not in _OPTIONS:
            hint = did_you_mean(name, _OPTIONS) or f"known are {', '.join(_OPTIONS)}"
            raise ConfigError(f"the amqp URL has an unknown option {name!r}; {hint}")
        here, read = _OPTIONS[name]
        try:
            found[here] = read(text)
        except (ValueError, KeyError):
            raise ConfigError(f"the amqp URL's option {name}={text} is not valid") from None
    return found


def _between(low: float, value: float, high: float) -> Any:
    if not low <= value <= high:
        raise ValueError
    return value
