"""The server of probes: right requests, wrong ones, none at all; and its thread."""

import asyncio
import builtins
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from mog.errors import ConfigError
from mog.worker import health
from mog.worker.health import HealthServer, HealthThread, listen, url_of
from mog.worker.metrics import Figures, Tally

HOST = "127.0.0.1"


@dataclass
class FakeSource:
    problem_lines: list[str] = field(default_factory=list)
    error: Exception | None = None

    async def problems(self) -> Sequence[str]:
        if self.error is not None:
            raise self.error
        return self.problem_lines

    async def figures(self) -> Figures:
        return Figures("shop", Tally(), {})


@dataclass
class Answered:
    status: int
    headers: dict[str, str]
    body: str


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def port(source: FakeSource) -> AsyncIterator[int]:
    with listen(":0") as listener:
        async with HealthServer(listener, source):
            yield listener.getsockname()[1]


def parsed(raw: bytes) -> Answered:
    head, _, body = raw.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    assert first.startswith("HTTP/1.1 ")
    return Answered(int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body)


async def send(port: int, request: bytes) -> Answered:
    """Send as it stands; return the answer, after which the server must have closed."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(request)
        async with asyncio.timeout(10):
            raw = await reader.read()
    finally:
        writer.close()
    if not raw:
        raise ConnectionAbortedError("closed without an answer")
    return parsed(raw)


async def get(port: int, path: str, method: str = "GET") -> Answered:
    return await send(port, f"{method} {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: probe\r\n\r\n".encode())


async def test_livez(port: int) -> None:
    answer = await get(port, "/livez")
    assert (answer.status, answer.body) == (200, "alive\n")
    assert answer.headers["Connection"] == "close"
    assert answer.headers["Content-Length"] == "6"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_readyz(port: int, source: FakeSource) -> None:
    assert (await get(port, "/readyz")).status == 200
    source.problem_lines = ["process 1 is starting", "process 2: it is stopping"]
    answer = await get(port, "/readyz?verbose")
    assert (answer.status, answer.body) == (503, "process 1 is starting\nprocess 2: it is stopping\n")


async def test_metrics(port: int) -> None:
    answer = await get(port, "/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'mog_info{app="shop"' in answer.body


async def test_metrics_without_the_extra(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, globals_: Any = None, locals_: Any = None, from_: Any = (), level: int = 0) -> Any:
        if name == "mog.worker" and "prometheus" in (from_ or ()):
            raise ModuleNotFoundError("No module named 'prometheus_client'", name="prometheus_client")
        return real(name, globals_, locals_, from_, level)

    monkeypatch.setattr(builtins, "__import__", without)
    answer = await get(port, "/metrics")
    assert answer.status == 501
    assert answer.body == "/metrics needs prometheus-client, which is not installed: pip install 'mogkit[metrics]'\n"


async def test_head_has_no_body(port: int) -> None:
    answer = await get(port, "/livez", "HEAD")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, "6", "")


async def test_old_protocol(port: int) -> None:
    assert (await send(port, b"GET /livez HTTP/1.0\r\n\r\n")).status == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"GET /livez/ HTTP/1.1\r\n\r\n", 404),
        (b"POST /livez HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
        (b"DELETE /livez HTTP/1.1\r\n\r\n", 405),
        (b"GET /livez\r\n\r\n", 400),
        (b"GET /livez SPDY/3\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET /livez HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", 431),
    ],
)
async def test_wrong_requests(port: int, request_: bytes, status: int) -> None:
    answer = await send(port, request_)
    assert answer.status == status
    assert ("Allow" in answer.headers) == (status == 405)
    assert (await get(port, "/livez")).status == 200


async def test_client_that_goes_in_the_middle(port: int) -> None:
    _, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"GET /li")
    writer.close()
    await writer.wait_closed()
    assert (await get(port, "/livez")).status == 200


async def test_slow_client_is_told_and_dropped(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "REQUEST_TIME", 0.05)
    assert (await send(port, b"GET /livez HTTP/1.1\r\n")).status == 408


async def test_connections_are_bounded(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CONNECTIONS", 3)
    held = [await asyncio.open_connection(HOST, port) for _ in range(3)]
    reader, writer = await asyncio.open_connection(HOST, port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    for _, other in [*held, (reader, writer)]:
        other.close()
    async with asyncio.timeout(10):
        while True:
            try:
                assert (await get(port, "/livez")).status == 200
                break
            except ConnectionError:
                await asyncio.sleep(0.01)


async def test_fault_of_the_source_is_an_answer(
    port: int, source: FakeSource, capfd: pytest.CaptureFixture[str]
) -> None:
    source.error = ZeroDivisionError("no sum")
    assert (await get(port, "/readyz")).status == 500
    assert "ZeroDivisionError: no sum" in capfd.readouterr().err
    assert (await get(port, "/livez")).status == 200


# -- addresses


@pytest.mark.parametrize(
    ("address", "url"),
    [(":0", "http://127.0.0.1:"), ("127.0.0.1:0", "http://127.0.0.1:"), ("0.0.0.0:0", "http://0.0.0.0:")],
)
def test_addresses(address: str, url: str) -> None:
    with listen(address) as listener:
        assert url_of(listener).startswith(url)


@pytest.mark.skipif(not socket.has_ipv6, reason="the machine has no IPv6")
def test_addresses_of_the_newer_kind() -> None:
    try:
        with listen("[::1]:0") as listener:
            assert url_of(listener).startswith("http://[::1]:")
    except ConfigError as error:
        pytest.skip(f"the machine has no IPv6: {error}")


@pytest.mark.parametrize(
    "address", ["8080", "", ":", "host:", ":http", ":-1", ":65536", "::1:80", "[::1]", ":\uff18\uff10"]
)
def test_no_addresses(address: str) -> None:
    with pytest.raises(ConfigError, match="is no address for health; write :8080"):
        listen(address)


def test_unknown_host() -> None:
    with pytest.raises(ConfigError, match=r"has an unknown host, nowhere\.invalid"):
        listen("nowhere.invalid:80")


def test_address_in_use() -> None:
    with listen(":0") as listener:
        address = f":{listener.getsockname()[1]}"
        with pytest.raises(ConfigError) as caught:
            listen(address)
        assert str(caught.value) == f"cannot serve health on {address}: Address already in use"


# -- the thread


async def test_thread_answers_before_there_is_a_worker_and_while_this_loop_is_blocked() -> None:
    listener = listen(":0")
    thread = HealthThread(listener)
    thread.start()
    port = listener.getsockname()[1]
    try:
        assert blocking_get(port, "/livez").status == 200
        answer = blocking_get(port, "/readyz")
        assert (answer.status, answer.body) == (503, "it is starting\n")
    finally:
        thread.stop()
    assert "mog-side" not in {each.name for each in threading.enumerate()}
    with pytest.raises(ConnectionRefusedError):
        blocking_get(port, "/livez")
    thread.stop()


def blocking_get(port: int, path: str) -> Answered:
    raw = b""
    with socket.create_connection((HOST, port), timeout=10) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        while piece := client.recv(4096):
            raw += piece
    return parsed(raw)
