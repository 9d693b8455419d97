"""What only RabbitMQ's management plugin tells.

Source of paths and fields: https://www.rabbitmq.com/docs/management#http-api
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import Request, urlopen

from mog.doctor.findings import Finding, fail, ok, warn
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.errors import ConfigError

SUBJECT = "management"

PATIENCE = 5.0
"""Seconds for an answer."""

HOW_TO_ASK = "rabbitmqctl eval 'application:get_env(rabbit, consumer_timeout).'"
"""What the server's own setting is, no HTTP request tells (seen with 3.10.8)."""


class Unanswered(Exception):
    """The plugin gives no answer; the text says why."""


class Management:
    """The plugin at a URL; without credentials in it, those of the broker's URL. Raises ConfigError."""

    def __init__(self, url: str, settings: RabbitSettings) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("a management URL is http://host:15672, or https:, with user:password@ where needed")
        user = settings.user if parts.username is None else unquote(parts.username)
        password = settings.password if parts.password is None else unquote(parts.password)
        self.label = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._base = f"{self.label}{parts.path.rstrip('/')}/api"
        self._credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._virtual_host = quote(settings.virtual_host, safe="")

    def findings(self, queues: Iterable[str], *, taken_for: float, hold: float) -> Iterator[Finding]:
        """Look at alarms, and at ``consumer_timeout`` for these queues (full names); blocks.

        ``taken_for`` is what the settings say of it, ``hold`` after how many seconds a running task's message is
        acknowledged at the latest.
        """
        try:
            yield from alarms(self._get("nodes"))
            limits = [limit for queue in queues for limit in self._limits(queue)]
        except Unanswered as error:
            yield fail(SUBJECT, str(error), "see its URL, its user's tags, and whether the plugin is enabled")
            return
        yield from consumer_timeout(limits, taken_for=taken_for, hold=hold)

    def _limits(self, queue: str) -> Iterator[tuple[str, float]]:
        """Yield the seconds that policy or arguments give to a queue, if they do."""
        found = self._get(f"queues/{self._virtual_host}/{quote(queue, safe='')}", missing={})
        policy, arguments = found.get("effective_policy_definition") or {}, found.get("arguments") or {}
        given = arguments.get("x-consumer-timeout", policy.get("consumer-timeout"))
        if given is not None:
            yield queue, given / 1000

    def _get(self, path: str, missing: Any = None) -> Any:
        request = Request(f"{self._base}/{path}", headers={"Authorization": f"Basic {self._credentials}"})  # noqa: S310 - http or https: its URL was checked
        try:
            with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - http or https: its URL was checked
                return json.load(answer)
        except HTTPError as error:
            if error.code == 404 and missing is not None:
                return missing
            raise Unanswered(f"{self.label} answers {error.code} {error.reason}") from None
        except (URLError, OSError) as error:
            raise Unanswered(f"{self.label} cannot be reached ({getattr(error, 'reason', error)})") from None
        except ValueError:
            raise Unanswered(f"{self.label} does not answer in JSON") from None


def alarms(nodes: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Find nodes that take no messages."""
    for node in nodes:
        for name, what in (("mem_alarm", "memory"), ("disk_free_alarm", "disk space")):
            if node.get(name):
                yield fail(SUBJECT, f"{node.get('name')} is short of {what} and takes no messages", "make room for it")
        if not node.get("running", True):
            yield warn(SUBJECT, f"{node.get('name')} does not run", "start it")


def consumer_timeout(limits: Iterable[tuple[str, float]], *, taken_for: float, hold: float) -> Iterator[Finding]:
    """Compare what queues have with what the settings say."""
    known = list(limits)
    for queue, seconds in known:
        text = f"consumer_timeout of {queue} is {seconds:g} s, and the settings say {taken_for:g}"
        if 0 < seconds <= hold:
            yield fail(
                SUBJECT, f"{text}: longer tasks would be taken from their workers", f"consumer_timeout = {seconds:g}"
            )
        elif seconds != taken_for:
            yield ok(SUBJECT, f"{text}; running tasks' messages are acknowledged after {hold:g} s")
    if not known:
        yield ok(SUBJECT, f"no policy sets a consumer_timeout; the server's own is told by {HOW_TO_ASK}")
