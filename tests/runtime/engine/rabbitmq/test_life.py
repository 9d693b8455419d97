"""A transport from open to its end: servers that restart, TLS, forks, and being abandoned."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.runtime.proxy import Proxy, proxy_to
from tests.services import RabbitServer

from mog.engine.rabbitmq.settings import Tls
from mog.engine.rabbitmq.topology import QueueType
from mog.errors import EngineUnavailable, StoreUnusable

from .conftest import PATIENCE, Basket, Ears, Rabbit, Radio, parcels
from .test_publishing import until_published

# -- servers


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", ["stop", "kill"])
async def test_a_server_that_restarts(
    own_rabbitmq: RabbitServer, way: str, ears: Ears, basket: Basket, radio: Radio
) -> None:
    """What was confirmed is still there, and everything goes on by itself."""
    rabbit = Rabbit(own_rabbitmq.url)
    transport = await rabbit.open(ears=ears)
    assert await transport.publish(parcels(20)) == [None] * 20
    await transport.consume(["tasks"], 5, basket.take)
    await transport.on_control(radio.take)
    await basket.until(5)
    await asyncio.to_thread(getattr(own_rabbitmq, way))
    await ears.until(lambda ears: bool(ears.lost))
    with pytest.raises(EngineUnavailable):
        await transport.depth(["tasks"])
    await asyncio.to_thread(own_rabbitmq.start)
    await ears.until(lambda ears: ears.restored == 1)
    seen = set(basket.bodies[:5])
    while len(seen) < 20:
        taken = len(basket.messages)
        transport.acknowledge(basket.receipts)
        seen |= {message.body for message in await basket.until(taken + 1)}
    transport.acknowledge(basket.receipts)
    await until_published(transport, parcels(1)[0])
    await transport.broadcast(b"hello", expiration_ms=1000)
    assert [message.body for message in await radio.until(1)] == [b"hello"]
    await rabbit.close()


@pytest.mark.parametrize("queue_type", ["classic", "quorum"])
async def test_both_types_of_queue(rabbit: Rabbit, queue_type: QueueType, basket: Basket) -> None:
    transport = await rabbit.open(queue_type=queue_type)
    assert await transport.publish(parcels(100)) == [None] * 100
    consumption = await transport.consume(["tasks"], 20, basket.take)
    first = list(await basket.until(20))
    transport.hand_back([message.receipt for message in first[10:]])
    transport.acknowledge([message.receipt for message in first[:10]])
    acknowledged, done = {message.body for message in first[:10]}, 20
    while len(acknowledged) < 100:
        new = (await basket.until(done + 1))[done:]
        transport.acknowledge([message.receipt for message in new])
        acknowledged |= {message.body for message in new}
        done += len(new)
    await consumption.stop()
    await transport.close()
    assert (await rabbit.look("tasks")).message_count == 0


async def test_types_of_queue_do_not_mix(rabbit: Rabbit) -> None:
    await rabbit.open(queue_type="quorum")
    with pytest.raises(StoreUnusable, match=r"with other arguments: .*x-queue-type.*queue_type"):
        await rabbit.open(queue_type="classic")


# -- TLS


@dataclass
class Authority:
    """A certificate for ``localhost`` that signs itself."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl: install it to test TLS")
    directory = tmp_path_factory.mktemp("tls")
    made = Authority(directory / "certificate.pem", directory / "key.pem")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2", "-nodes"]
    files = ["-newkey", "rsa:2048", "-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(["openssl", "req", "-x509", *subject, *files], check=True, capture_output=True)
    return made


@pytest.fixture
async def tls_proxy(rabbit: Rabbit, authority: Authority) -> AsyncIterator[Proxy]:
    async with proxy_to(rabbit.url, 5672, tls=authority.context()) as proxy:
        yield proxy


def tls_url(proxy: Proxy, options: str = "") -> str:
    return proxy.url.replace("amqp:", "amqps:").replace("127.0.0.1", "localhost") + options


async def test_tls(rabbit: Rabbit, tls_proxy: Proxy, authority: Authority, ears: Ears, basket: Basket) -> None:
    transport = await rabbit.open(url=tls_url(tls_proxy, f"?cafile={authority.certificate}"), ears=ears)
    await transport.publish(parcels(10))
    await transport.consume(["tasks"], 10, basket.take)
    await basket.until(10)
    tls_proxy.cut()
    await ears.until(lambda ears: ears.restored == 1)
    transport.acknowledge([message.receipt for message in (await basket.until(20))[10:]])
    await transport.close()
    assert (await rabbit.look("tasks")).message_count == 0


async def test_tls_without_verification(rabbit: Rabbit, tls_proxy: Proxy) -> None:
    await rabbit.open(url=tls_url(tls_proxy, "?verify=verify_none"))


async def test_a_certificate_that_nobody_vouches_for(rabbit: Rabbit, tls_proxy: Proxy) -> None:
    with pytest.raises(StoreUnusable, match=r"certificate that is not trusted: .*cafile= in the URL") as caught:
        await rabbit.open(url=tls_url(tls_proxy))
    assert "\n" not in str(caught.value)
    assert "guest" not in str(caught.value)


async def test_a_certificate_for_another_name(rabbit: Rabbit, tls_proxy: Proxy, authority: Authority) -> None:
    options = f"?cafile={authority.certificate}&server_name_indication=elsewhere"
    with pytest.raises(StoreUnusable, match="not trusted"):
        await rabbit.open(url=tls_url(tls_proxy, options))


async def test_tls_to_a_server_without_it(rabbit: Rabbit) -> None:
    settings = replace(rabbit.settings, tls=Tls(verify=False))
    transport = rabbit.transport(tls=settings.tls)
    with pytest.raises(StoreUnusable, match="does not speak TLS as asked"):
        await transport.open()


async def test_a_server_with_tls_without_it(rabbit: Rabbit, tls_proxy: Proxy) -> None:
    with pytest.raises(EngineUnavailable):
        await rabbit.open(url=tls_proxy.url)


# -- the end


async def test_closing_twice_and_opening_again(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    await transport.close()
    await transport.close()
    await transport.open()
    assert await transport.publish(parcels(1)) == [None]


async def test_abandoned_it_is_as_if_the_process_had_died(rabbit: Rabbit, basket: Basket, ears: Ears) -> None:
    transport = await rabbit.open(ears=ears)
    await transport.publish(parcels(3))
    await transport.consume(["tasks"], 10, basket.take)
    await basket.until(3)
    transport.abandon()
    await rabbit.until_ready("tasks", 3)
    transport.acknowledge(basket.receipts)
    transport.abandon()
    assert (ears.lost, ears.restored) == ([], 0)


async def test_closed_while_it_is_out_of_reach(rabbit: Rabbit, proxy: Proxy, ears: Ears) -> None:
    transport = await rabbit.open(url=proxy.url, ears=ears)
    await transport.consume(["tasks"], 1, lambda _: None)
    await proxy.refuse()
    proxy.cut()
    await ears.until(lambda ears: bool(ears.lost))
    async with asyncio.timeout(PATIENCE):
        await transport.close()


async def test_closed_while_the_server_does_not_answer(
    rabbit: Rabbit, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mog.engine.rabbitmq.connection.GOODBYE", 0.05)
    transport = await rabbit.open(url=proxy.url)
    await transport.consume(["tasks"], 1, lambda _: None)
    proxy.stall()
    async with asyncio.timeout(PATIENCE):
        await transport.close()


FORKING = """
import asyncio, os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from mog.engine.rabbitmq.messages import Parcel
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.rabbitmq.topology import Topology
from mog.engine.rabbitmq.transport import Transport

settings, topology = RabbitSettings.from_url(sys.argv[1]), Topology(sys.argv[2], "node")
loop = asyncio.new_event_loop()
thread = threading.Thread(target=loop.run_forever)

def run(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(20)

async def make():
    transport = Transport(settings, topology)
    await transport.open()
    await transport.declare(["tasks"])
    await transport.consume(["tasks"], 5, lambda batch: transport.acknowledge([message.receipt for message in batch]))
    return transport

async def child():
    transport = Transport(settings, topology)
    await transport.open()
    print(await transport.publish([Parcel("tasks", b"of the child", 5, "1")]), flush=True)
    await transport.close()

thread.start()
transport = run(make())
pid = os.fork()
if pid == 0:
    transport.abandon()
    asyncio.run(child())
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
for number in range(50):
    assert run(transport.publish([Parcel("tasks", b"of the parent", 5, "1")])) == [None]
print("parent", run(transport.depth(["tasks"])), transport._inward._connection.ended.done(), flush=True)
run(transport.close())
loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
"""


async def test_a_forked_child_leaves_the_parent_its_connections(rabbit: Rabbit) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-X", "dev", "-W", "error", "-c", textwrap.dedent(FORKING), rabbit.url, rabbit.app),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        output, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (0, "")
    assert output.decode().splitlines() == ["[None]", "parent [0] False"]
