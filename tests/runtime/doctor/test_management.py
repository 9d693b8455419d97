"""RabbitMQ's management plugin, played by a small server that says what the test wants."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mog.doctor import Finding, Level
from mog.doctor.management import Management
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.errors import ConfigError

OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL

SETTINGS = RabbitSettings(user="me", password="hush", virtual_host="a/b")
QUEUE = "/api/queues/a%2Fb/shop.tasks"
HEALTHY = {"name": "rabbit@one", "running": True, "mem_alarm": False, "disk_free_alarm": False}


class Plugin(ThreadingHTTPServer):
    """Answers paths with what stands in ``pages``; a number is an error."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, Any] = {"/api/nodes": [HEALTHY]}
        self.seen: list[tuple[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Plugin)
        credentials = b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        self.server.seen.append((self.path, credentials))
        page = self.server.pages.get(self.path, 404)
        status = page if isinstance(page, int) else 200
        content = page if isinstance(page, bytes) else json.dumps({} if isinstance(page, int) else page).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def plugin() -> Iterator[Plugin]:
    with Plugin() as plugin:
        thread = threading.Thread(target=plugin.serve_forever, args=(0.01,))
        thread.start()
        yield plugin
        plugin.shutdown()
        thread.join()


def look(url: str, *queues: str, taken_for: float = 1800.0, hold: float = 600.0) -> list[Finding]:
    return list(Management(url, SETTINGS).findings(queues or ("shop.tasks",), taken_for=taken_for, hold=hold))


def test_nothing_to_complain_of(plugin: Plugin) -> None:
    [finding] = look(plugin.url)
    assert finding.level is OK
    assert "rabbitmqctl eval" in finding.text
    assert plugin.seen == [("/api/nodes", "me:hush"), (QUEUE, "me:hush")]


@pytest.mark.parametrize(
    ("seconds", "level", "said"),
    [
        (1800, None, ""),
        (900, OK, "is 900 s, and the settings say 1800; running tasks' messages are acknowledged after 600 s"),
        (600, FAIL, "is 600 s, and the settings say 1800: longer tasks would be taken from their workers"),
        (0, OK, "is 0 s"),
    ],
)
@pytest.mark.parametrize("by", ["policy", "argument"])
def test_consumer_timeout(plugin: Plugin, by: str, seconds: int, level: Level | None, said: str) -> None:
    given: dict[str, Any] = {"effective_policy_definition": {"consumer-timeout": seconds * 1000}, "arguments": {}}
    if by == "argument":
        given = {"arguments": {"x-consumer-timeout": seconds * 1000}}
    plugin.pages[QUEUE] = given
    findings = look(plugin.url)
    assert [finding.level for finding in findings] == ([level] if level is not None else [])
    assert all(said in finding.text for finding in findings)


@pytest.mark.parametrize(
    ("node", "level", "said"),
    [
        ({"mem_alarm": True}, FAIL, "rabbit@one is short of memory and takes no messages"),
        ({"disk_free_alarm": True}, FAIL, "rabbit@one is short of disk space and takes no messages"),
        ({"running": False}, WARN, "rabbit@one does not run"),
    ],
)
def test_nodes(plugin: Plugin, node: dict[str, bool], level: Level, said: str) -> None:
    plugin.pages["/api/nodes"] = [{**HEALTHY, **node}]
    first, _ = look(plugin.url)
    assert (first.level, first.text) == (level, said)


def test_credentials_and_path_of_the_url_come_first(plugin: Plugin) -> None:
    plugin.pages["/rabbit/api/nodes"] = []
    look(plugin.url.replace("//", "//you:p%40ss@") + "/rabbit/")
    assert plugin.seen[0] == ("/rabbit/api/nodes", "you:p@ss")


@pytest.mark.parametrize(
    ("page", "said"),
    [(401, "answers 401 Unauthorized"), (404, "answers 404 Not Found"), (b"<html>", "does not answer in JSON")],
)
def test_plugin_that_does_not_answer(plugin: Plugin, page: object, said: str) -> None:
    plugin.pages["/api/nodes"] = page
    [finding] = look(plugin.url.replace("//", "//you:secret@"))
    assert finding.level is FAIL
    assert finding.text == f"{plugin.url} {said}"


def test_nobody_listens() -> None:
    [finding] = look("http://127.0.0.1:1")
    assert finding.level is FAIL
    assert "cannot be reached" in finding.text
    assert not finding.out_of_reach, "the broker may be well"


@pytest.mark.parametrize("url", ["localhost:15672", "amqp://localhost", "http://", ""])
def test_no_urls(url: str) -> None:
    with pytest.raises(ConfigError, match="a management URL is"):
        Management(url, SETTINGS)
