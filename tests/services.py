"""Servers that tests need: one that runs already, else one of the session's own on a free port.

``MOG_TEST_AMQP`` and ``MOG_TEST_REDIS`` name running ones; without them the standard ports are tried, then the server
programs of this machine. Where there is none, tests that need it skip and say what is missing; with
``MOG_REQUIRE_SERVICES=1`` they fail.

Shared servers are never stopped: a test that must do that starts a server of its own. Every test uses names of its own
and removes what it made.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest

STANDARD_PORTS = {"amqp": 5672, "amqps": 5671, "redis": 6379, "rediss": 6379}

STARTING = 120.0
"""Seconds that a server is given to come up; RabbitMQ takes about eight on two quiet cores."""


@pytest.fixture(scope="session")
def amqp_url() -> Iterator[str]:
    """URL of a RabbitMQ that tests share."""
    url = os.environ.get("MOG_TEST_AMQP", "amqp://guest:guest@127.0.0.1:5672/")
    with ExitStack() as started:
        if not answers_at(url):
            url = started.enter_context(rabbitmq()).url
        yield url


@pytest.fixture
def own_rabbitmq() -> Iterator[RabbitServer]:
    """A RabbitMQ of the test's own, which it may stop and start again; takes some seconds to come up."""
    with rabbitmq() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """URL of a Redis that tests share."""
    url = os.environ.get("MOG_TEST_REDIS", "redis://127.0.0.1:6379/0")
    with ExitStack() as started:
        if not answers_at(url):
            url = started.enter_context(redis()).url
        yield url


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis of the test's own, which it may stop and start again, and set as it likes."""
    with redis() as server:
        yield server


@contextmanager
def redis(*options: str) -> Iterator[RedisServer]:
    """Run a Redis of one's own, with options of its command line; skips, or fails, where the program is missing."""
    program = RedisServer.find_program()
    if program is None:
        lacking("Redis", "start one on port 6379, name one with MOG_TEST_REDIS, or install redis-server")
    with tempfile.TemporaryDirectory(prefix="mog-redis-") as directory:
        server = RedisServer(program, Path(directory), options)
        try:
            server.start()
            yield server
        finally:
            server.kill()


class RedisServer:
    """A Redis with a port and a directory of its own. It saves nothing, unless its options say so."""

    def __init__(self, program: str, directory: Path, options: Sequence[str] = ()) -> None:
        self.directory, self.port = directory, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(directory)]
        self._command += ["--save", "", *options]
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def find_program() -> str | None:
        """Find a server: Redis, or Valkey."""
        return shutil.which("redis-server") or shutil.which("valkey-server")

    def start(self) -> None:
        """Start it, or start it again with what it has saved, and wait until it answers."""
        with (self.directory / "output").open("ab") as output:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        until = time.monotonic() + STARTING
        while not answers_ping(self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"Redis did not come up:\n{(self.directory / 'output').read_text()[-2000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop it as an operator would."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(STARTING)
            self._process = None

    def kill(self) -> None:
        """Let it die at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def rabbitmq() -> Iterator[RabbitServer]:
    """Run a RabbitMQ of one's own; skips, or fails, where the program is missing."""
    program = RabbitServer.find_program()
    if program is None:
        lacking("RabbitMQ", "start one on port 5672, name one with MOG_TEST_AMQP, or install rabbitmq-server")
    with tempfile.TemporaryDirectory(prefix="mog-rabbitmq-") as directory:
        server = RabbitServer(program, Path(directory))
        try:
            server.start()
            yield server
        finally:
            server.close()


class RabbitServer:
    """A RabbitMQ node with ports, data and log of its own, and without plugins."""

    def __init__(self, program: Path, directory: Path) -> None:
        self.program, self.directory = program, directory
        self.port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/"
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = os.environ | {
            "HOME": str(directory),  # where Erlang keeps its cookie
            "RABBITMQ_NODENAME": f"mog-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(directory / "data"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_CONF_ENV_FILE": str(directory / "none"),
            "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +S 1:1",  # no busy waiting beside the tests
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    @staticmethod
    def find_program() -> Path | None:
        """Find the server itself: what Debian puts on PATH changes the user and the directory first."""
        for candidate in ("/usr/lib/rabbitmq/bin/rabbitmq-server", shutil.which("rabbitmq-server")):
            if candidate and Path(candidate).is_file():
                return Path(candidate)
        return None

    def start(self) -> None:
        """Start it, or start it again with the same data, and wait until it takes connections."""
        (self.directory / "plugins").write_text("[].")
        (self.directory / "rabbitmq.conf").touch()
        output = (self.directory / "output").open("ab")
        with output:
            self._process = subprocess.Popen(
                [self.program],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # the program is a script: kill() must reach the node below it
            )
        self._wait()

    def _wait(self) -> None:
        assert self._process is not None
        until = time.monotonic() + STARTING
        while not greets(self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"RabbitMQ did not come up:\n{(self.directory / 'output').read_text()[-2000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it as an operator would: it says so to its clients and writes down what it has."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STARTING)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kill(self) -> None:
        """Let it die at once."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stop it and what it started."""
        self.stop()
        if epmd := shutil.which("epmd"):
            subprocess.run([epmd, "-kill"], env=self._environment, capture_output=True, check=False)


def answers_at(url: str) -> bool:
    """Whether somebody takes connections at a URL's address."""
    parts = urlsplit(url)
    try:
        socket.create_connection(
            (parts.hostname or "127.0.0.1", parts.port or STANDARD_PORTS[parts.scheme]), 2.0
        ).close()
    except OSError:
        return False
    return True


def greets(port: int) -> bool:
    """Whether an AMQP server at this port answers the protocol's header; it takes connections before it does."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2.0) as connection:
            connection.sendall(b"AMQP\0\0\x09\x01")
            return bool(connection.recv(8))
    except OSError:
        return False


def answers_ping(port: int) -> bool:
    """Whether a Redis at this port takes commands; while it loads its data, it does not."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2.0) as connection:
            connection.sendall(b"PING\r\n")
            return not connection.recv(64).startswith((b"-LOADING", b"-MASTERDOWN"))
    except OSError:
        return False


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def lacking(service: str, remedy: str) -> NoReturn:
    """Skip the test for want of a service; fail it where services are required."""
    line = f"no {service}: {remedy}"
    if os.environ.get("MOG_REQUIRE_SERVICES") == "1":
        pytest.fail(line)
    pytest.skip(line)
