"""Answers to what is published, and from what system and server say to mog's errors: one line each, no credentials."""

from __future__ import annotations

import socket
import ssl

from mog.engine.rabbitmq.settings import RabbitSettings
from mog.errors import EngineError, EngineUnavailable, StoreUnusable

ACCESS_REFUSED, NOT_FOUND, RESOURCE_LOCKED, PRECONDITION_FAILED = 403, 404, 405, 406
CONNECTION_FORCED, NOT_ALLOWED = 320, 530
"""Reply codes: https://www.rabbitmq.com/amqp-0-9-1-reference#constants"""

DECLARING = frozenset({(40, 10), (50, 10)})
"""Class and method of Exchange.Declare and Queue.Declare."""


class Unroutable(EngineError):
    """No queue of that name takes the message: nobody declared it, or somebody deleted it."""


class Rejected(EngineUnavailable):
    """The server has the queue and did not take the message: it is full, or has an error of its own."""


class Unconfirmed(EngineUnavailable):
    """The message was sent and not confirmed; it may have arrived."""


class NotThere(EngineUnavailable):
    """There is no such queue or exchange."""


def unreachable(settings: RabbitSettings, error: OSError | TimeoutError) -> EngineError:
    """Return what it means that no connection was made."""
    label = settings.label
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = "name the authority that signed it with cafile= in the URL, or use the host name that it is for"
        return StoreUnusable(f"{label} has a certificate that is not trusted: {error.verify_message}; {remedy}")
    if isinstance(error, ssl.SSLError):
        return StoreUnusable(f"{label} does not speak TLS as asked ({error.reason}); is it amqps: and its port?")
    if isinstance(error, ConnectionRefusedError):
        return EngineUnavailable(f"nobody listens for {label}; is it running, and are host and port right?")
    if isinstance(error, socket.gaierror):
        return EngineUnavailable(f"the host of {label} is not known ({error.strerror}); is it spelt right?")
    if isinstance(error, TimeoutError):
        return EngineUnavailable(f"{label} does not answer; is it running, and does no firewall drop what is sent?")
    return EngineUnavailable(f"{label} cannot be reached: {error.strerror or type(error).__name__}")


def no_greeting(settings: RabbitSettings) -> EngineError:
    """Return what it means that the other end is no AMQP 0-9-1 server, or one that is just starting or stopping."""
    hint = "is it starting? is it another program's port, or one for TLS, which needs amqps:?"
    return EngineUnavailable(f"{settings.label} does not answer in AMQP 0-9-1: {hint}")


def refused(settings: RabbitSettings, code: int, text: str) -> EngineError:
    """Return what it means that the server closes a connection that is being opened."""
    label, vhost = settings.label, settings.virtual_host
    if code == ACCESS_REFUSED:
        return StoreUnusable(f"{label} refuses user or password; correct them in the URL")
    if code == NOT_ALLOWED and "limit" not in text:
        remedy = f"rabbitmqctl add_vhost {vhost}, and set_permissions for the user"
        return StoreUnusable(f"{label} has no virtual host {vhost!r} that this user may use; {remedy}")
    return EngineUnavailable(f"{label} does not let us in: {_cleaned(text, settings)}")


def closed(settings: RabbitSettings, code: int, text: str) -> EngineError:
    """Return what it means that the server closes a connection in use."""
    if code == CONNECTION_FORCED:
        return EngineUnavailable(f"{settings.label} is shutting down, or an operator closed the connection")
    return EngineUnavailable(f"{settings.label} closed the connection: {_cleaned(text, settings)}")


def channel_closed(settings: RabbitSettings, code: int, text: str, cause: tuple[int, int]) -> EngineError:
    """Return what it means that the server closes a channel, because of the method ``cause``."""
    text = _cleaned(text, settings)
    if code == PRECONDITION_FAILED and cause in DECLARING:
        remedy = "delete that one (rabbitmqctl delete_queue), or set queue_type to what it is, or rename the app"
        return StoreUnusable(f"{settings.label} has it with other arguments: {text}; {remedy}")
    if code == ACCESS_REFUSED:
        return StoreUnusable(f"{settings.label}: {text}; rabbitmqctl set_permissions gives rights to configure and use")
    if code == RESOURCE_LOCKED:
        return StoreUnusable(f"{settings.label}: {text}; another connection has it for itself: end that one")
    kind = NotThere if code == NOT_FOUND else EngineUnavailable
    return kind(f"{settings.label}: {text}")


def lost(settings: RabbitSettings, error: BaseException | None) -> EngineError:
    """Return what it means that the wire is gone."""
    why = f" ({error.strerror or type(error).__name__})" if isinstance(error, OSError) else ""
    return EngineUnavailable(f"the connection to {settings.label} is lost{why}")


def silent(settings: RabbitSettings, seconds: float) -> EngineError:
    """Return what it means that heartbeats stay away."""
    return EngineUnavailable(f"{settings.label} has sent nothing for {seconds:.0f} s; the connection is given up")


def late(settings: RabbitSettings, what: str, seconds: float) -> EngineError:
    """Return what it means that an answer stays away."""
    return EngineUnavailable(f"{settings.label} has not answered {what} within {seconds:g} s")


def blocked(settings: RabbitSettings, reason: str) -> EngineError:
    """Return what it means that the server takes no messages."""
    return EngineUnavailable(f"{settings.label} takes no messages just now: {reason}; make room for it")


def _cleaned(text: str, settings: RabbitSettings) -> str:
    """Take the user's name out of a text of the server's, and bring it onto one line."""
    return " ".join(text.replace(f"user '{settings.user}'", "this user").split())
