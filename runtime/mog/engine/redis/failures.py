"""From what Redis, or the way to it, says to mog's errors: each one line that says what to do, without credentials."""

from __future__ import annotations

import re
import socket
import ssl

from mog.errors import EngineError, EngineUnavailable, StoreFull, StoreUnusable

_AUTH = "{label} does not accept the credentials; check user and password in the URL"
_CLUSTER = (
    "{label} is a Redis Cluster, over which a task's keys would be spread; use a single Redis, or one with replicas"
)

_KINDS: dict[str, tuple[type[EngineError], str]] = {
    "OOM": (StoreFull, "{label} is out of memory; free some or raise its maxmemory, and work goes on by itself"),
    "MISCONF": (StoreFull, "{label} takes no writes, as it cannot save to its disk; look at its log"),
    "LOADING": (EngineUnavailable, "{label} still loads its data; work goes on by itself"),
    "BUSY": (EngineUnavailable, "{label} is busy with a long script; work goes on by itself"),
    "READONLY": (
        EngineUnavailable,
        "{label} is a read-only replica just now; work goes on when the URL leads to a primary",
    ),
    "MASTERDOWN": (EngineUnavailable, "{label} is a replica without a primary; work goes on when the URL leads to one"),
    "NOREPLICAS": (EngineUnavailable, "{label} takes no writes without its replicas; work goes on when they are back"),
    "NOAUTH": (StoreUnusable, "{label} asks for a password; put it into the URL: redis://:password@host"),
    "WRONGPASS": (StoreUnusable, _AUTH),
    "NOPERM": (
        StoreUnusable,
        "{label} forbids this user a command or key that is needed ({text}); change its ACL rule",
    ),
    "DENIED": (StoreUnusable, "{label} is in protected mode; give it a password, or let it listen on loopback alone"),
    "MOVED": (StoreUnusable, _CLUSTER),
    "ASK": (StoreUnusable, _CLUSTER),
    "CROSSSLOT": (StoreUnusable, _CLUSTER),
    "CLUSTERDOWN": (StoreUnusable, _CLUSTER),
}
"""By the first word of a reply."""

_PHRASES: dict[str, tuple[type[EngineError], str]] = {
    "max number of clients": (EngineUnavailable, "{label} takes no more clients; raise its maxclients"),
    "called without any password": (StoreUnusable, "{label} has no password, and the URL names one; take it out"),
    "invalid password": (StoreUnusable, _AUTH),
    "DB index is out of range": (StoreUnusable, "{label}: there is no database of that number; use a lower one"),
    "unknown command": (StoreUnusable, "{label} lacks a command that is needed ({text}); use Redis 6.2 or later"),
}

_OF_ITEMS = "{label} holds what cannot be used: {text}"

_CODE = re.compile(rf"\b({'|'.join(_KINDS)})\b")


class ConnectionLost(EngineUnavailable):
    """The connection broke while an answer was awaited: whether anything was done is not known."""


def of_reply(text: str, label: str) -> EngineError | None:
    """Return what an error reply means for the store as a whole; None if it concerns a single item."""
    if code := _CODE.search(text):
        return _error(_KINDS[code[1]], text, label)
    for phrase, kind in _PHRASES.items():
        if phrase in text:
            return _error(kind, text, label)
    return None


def of_item(text: str, label: str) -> EngineError:
    """Return what an error reply means that concerns a single item."""
    return StoreUnusable(_OF_ITEMS.format(label=label, text=_one_line(text)))


def of_connecting(error: Exception, label: str) -> EngineError:
    """Return why a connection could not be made."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        return StoreUnusable(f"{label}: its certificate is not trusted ({error.verify_message}); see ssl_ca_certs")
    if isinstance(error, ssl.SSLError):
        return StoreUnusable(f"{label} does not speak TLS, or not ours ({error.reason}); redis: is the scheme without")
    if isinstance(error, TimeoutError):
        plain = ", and does it speak TLS" if label.startswith("rediss:") else ""
        return EngineUnavailable(f"{label} does not answer; is it running, reachable from here{plain}?")
    if isinstance(error, socket.gaierror):
        return EngineUnavailable(f"{label}: its name is not known here ({error.strerror}); check the URL")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return EngineUnavailable(f"{label} cannot be reached ({reason}); is it running there?")


def _error(kind: tuple[type[EngineError], str], text: str, label: str) -> EngineError:
    return kind[0](kind[1].format(label=label, text=_one_line(text)))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
