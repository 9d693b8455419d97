"""Publishing through the transport: over a real server, and over wires that break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pamqp import commands
from pamqp.commands import Basic
from tests.runtime.proxy import Proxy

from mog.engine.rabbitmq.failures import Unconfirmed, Unroutable
from mog.engine.rabbitmq.messages import Parcel
from mog.engine.rabbitmq.topology import Topology
from mog.engine.rabbitmq.transport import Transport
from mog.errors import ConfigError, EngineUnavailable, MogError, NotConnected

from .conftest import PATIENCE, Basket, Ears, Rabbit, parcels
from .fake_server import FakeServer, confirm


@pytest.fixture
async def on_fake(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Transport]:
    """A transport on the fake server."""
    monkeypatch.setattr("mog.engine.rabbitmq.line.FIRST_DELAY", 0.001)
    transport = Transport(fake.settings, Topology("app", "node"))
    await transport.open()
    yield transport
    await transport.close()


async def until_published(transport: Transport, parcel: Parcel) -> None:
    """Publish until it succeeds; only what says that nothing was sent, or may not have arrived, is tried again."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                [answer] = await transport.publish([parcel])
            except EngineUnavailable:
                answer = None
            else:
                if answer is None:
                    return
            await asyncio.sleep(0.01)


async def is_up(transport: Transport) -> bool:
    try:
        await transport.depth(["tasks"])
    except EngineUnavailable:
        return False
    return True


async def test_parcels_arrive_whole(rabbit: Rabbit, basket: Basket) -> None:
    transport = await rabbit.open()
    sent = [Parcel("tasks", body, 5, "id") for body in (b"", b"{}", b"\xc3\xa9" * 200_000)]
    assert await transport.publish(sent) == [None] * 3
    await transport.consume(["tasks"], 10, basket.take)
    assert [message.body for message in await basket.until(3)] == [parcel.body for parcel in sent]


async def test_an_unroutable_parcel_is_an_answer(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    answers = await transport.publish([*parcels(1), *parcels(1, "nowhere"), *parcels(1)])
    assert [type(answer) for answer in answers] == [type(None), Unroutable, type(None)]
    assert await transport.depth(["tasks"]) == [2]


async def test_a_queue_that_somebody_deleted_is_declared_again(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    await rabbit.delete("tasks")
    await transport.declare(["tasks"])
    [answer] = await transport.publish(parcels(1))
    assert isinstance(answer, Unroutable), "what is known is not declared again"
    await transport.declare(["tasks"])
    assert await transport.publish(parcels(1)) == [None]


async def test_a_queue_that_is_full_says_so(rabbit: Rabbit) -> None:
    limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
    transport = await rabbit.open()
    name = rabbit.name("other")
    await rabbit.call(commands.Queue.Declare(queue=name, durable=True, arguments=limits))
    await rabbit.call(commands.Queue.Bind(queue=name, exchange=rabbit.name("mognet.direct"), routing_key=name))
    answers = [(await transport.publish(parcels(1, "other")))[0] for _ in range(5)]
    assert answers[0] is None
    assert "did not take a message for" in str(answers[-1])


async def test_names_are_checked(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    with pytest.raises(ConfigError, match="characters"):
        await transport.publish(parcels(1, "é"))
    with pytest.raises(ConfigError, match="characters"):
        await transport.declare(["é"])


async def test_before_open_and_after_close(rabbit: Rabbit) -> None:
    transport = rabbit.transport()
    with pytest.raises(NotConnected, match="open it first"):
        _ = transport.server
    for call in (transport.declare, transport.depth, transport.purge):
        with pytest.raises(NotConnected):
            await call(["tasks"])
    await transport.open()
    assert transport.server.product == "RabbitMQ"
    await transport.close()
    with pytest.raises(NotConnected):
        await transport.publish(parcels(1))


async def test_the_wire_is_cut_while_publishing(rabbit: Rabbit, proxy: Proxy) -> None:
    """Each parcel has one answer, and what was confirmed is there."""
    transport = await rabbit.open(url=proxy.url)
    proxy.up.limit = proxy.up.passed + 20_000
    answers = await transport.publish(parcels(500))
    assert len(answers) == 500
    assert any(isinstance(answer, Unconfirmed) for answer in answers)
    assert all(answer is None or isinstance(answer, EngineUnavailable) for answer in answers)
    [depth] = await (await rabbit.open()).depth(["tasks"])
    assert answers.count(None) <= depth < 500
    proxy.heal()
    await until_published(transport, parcels(1)[0])


async def test_confirms_are_lost_with_the_wire(rabbit: Rabbit, proxy: Proxy) -> None:
    transport = await rabbit.open(url=proxy.url)
    proxy.down.open.clear()
    publishing = asyncio.create_task(transport.publish(parcels(10)))
    await rabbit.until_ready("tasks", 10)
    proxy.cut()
    answers = await publishing
    assert all(isinstance(answer, Unconfirmed) for answer in answers), "they arrived, and nobody here knows"
    assert "the message may have arrived" in str(answers[0])
    proxy.heal()
    await until_published(transport, parcels(1)[0])


async def test_what_was_declared_is_declared_again_with_the_connection(rabbit: Rabbit, proxy: Proxy) -> None:
    transport = await rabbit.open(url=proxy.url)
    await proxy.refuse()
    proxy.cut()
    await rabbit.delete("tasks")
    await rabbit.call(commands.Exchange.Delete(exchange=rabbit.name("mognet.direct")))
    async with asyncio.timeout(PATIENCE):
        while await is_up(transport):
            await asyncio.sleep(0)
    await proxy.listen()
    await until_published(transport, parcels(1)[0])


async def test_nobody_there_for_a_while(rabbit: Rabbit, proxy: Proxy, ears: Ears, basket: Basket) -> None:
    transport = await rabbit.open(url=proxy.url, ears=ears)
    await transport.consume(["tasks"], 1, basket.take)
    await proxy.refuse()
    proxy.cut()
    await ears.until(lambda ears: bool(ears.lost))
    await proxy.listen()
    await ears.until(lambda ears: ears.restored == 1)
    await until_published(transport, parcels(1)[0])
    await basket.until(1)


async def test_calls_at_the_same_time(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    answers = await asyncio.gather(*(transport.publish(parcels(10)) for _ in range(50)))
    assert answers == [[None] * 10] * 50
    assert await transport.depth(["tasks"]) == [500]


# -- what a real server does not do when a test wants it


async def test_acknowledgements_go_on_while_the_server_takes_no_messages(fake: FakeServer, on_fake: Transport) -> None:
    """It reads no longer from connections that publish; the deliveries have one of their own."""
    basket = Basket()
    publishing_peer = fake.peer
    await on_fake.consume(["tasks"], 5, basket.take)
    assert len(fake.peers) == 2
    publishing_peer.writer.transport.pause_reading()
    fake.peer.deliver(fake.channel_of(Basic.Consume), "app.tasks", b"a")
    on_fake.acknowledge([(await basket.until(1))[0].receipt])
    await fake.until(Basic.Ack)
    publishing_peer.writer.transport.resume_reading()


async def test_a_server_without_room_is_said_at_once(fake: FakeServer, on_fake: Transport) -> None:
    fake.answers[Basic.Publish] = confirm
    fake.peer.say(0, commands.Connection.Blocked("low on memory"))
    await on_fake.depth(["tasks"])
    for call in (on_fake.publish(parcels(1)), on_fake.broadcast(b"", expiration_ms=1), on_fake.depth(["tasks"])):
        with pytest.raises(EngineUnavailable, match="takes no messages just now: low on memory; make room"):
            await call
    assert fake.count(Basic.Publish) == 0
    fake.peer.say(0, commands.Connection.Unblocked())
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                assert await on_fake.publish(parcels(1)) == [None]
                break
            except EngineUnavailable:
                await asyncio.sleep(0)


async def test_a_broadcast_that_is_not_confirmed_is_an_error(fake: FakeServer, on_fake: Transport) -> None:
    fake.answers[Basic.Publish] = lambda peer, *_: peer.writer.transport.abort()
    with pytest.raises(Unconfirmed):
        await on_fake.broadcast(b"", expiration_ms=1)


async def test_what_goes_to_a_queue_is_persistent_and_must_arrive(fake: FakeServer, on_fake: Transport) -> None:
    fake.answers[Basic.Publish] = confirm
    assert await on_fake.publish([Parcel("tasks", b"{}", 3, "an-id", {"reason": "bad"})]) == [None]
    sent = await fake.until(Basic.Publish)
    assert (sent.exchange, sent.routing_key, sent.mandatory) == ("app.mognet.direct", "app.tasks", True)
    [sheet] = [frame.properties for _, frame in fake.heard if hasattr(frame, "properties")]
    assert (sheet.delivery_mode, sheet.priority, sheet.message_id) == (2, 3, "an-id")
    assert sheet.headers == {"reason": "bad"}


async def test_a_broadcast_is_as_mognet_sends_it(fake: FakeServer, on_fake: Transport) -> None:
    fake.answers[Basic.Publish] = confirm
    await on_fake.broadcast(b"{}", expiration_ms=300_000, reply_to="me")
    sent = await fake.until(Basic.Publish)
    assert (sent.exchange, sent.routing_key, sent.mandatory) == ("app.mognet.control", "", False)
    [sheet] = [frame.properties for _, frame in fake.heard if hasattr(frame, "properties")]
    assert (sheet.delivery_mode, sheet.priority, sheet.expiration, sheet.reply_to) == (1, 0, "300000", "me")


def test_answers_are_errors_of_ours() -> None:
    assert issubclass(Unroutable, MogError)
    assert issubclass(Unconfirmed, EngineUnavailable)
    assert not issubclass(Unroutable, EngineUnavailable), "repeating does not help until somebody declares the queue"
