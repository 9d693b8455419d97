from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pamqp import commands
from pamqp.commands import Basic
from tests.runtime.proxy import Proxy

from mog.engine.rabbitmq.messages import Incoming, Receipt
from mog.engine.rabbitmq.topology import Topology
from mog.engine.rabbitmq.transport import Transport
from mog.errors import EngineUnavailable, NotConnected, StoreUnusable

from .conftest import Basket, Ears, Rabbit, parcels
from .fake_server import FakeServer


@pytest.fixture
async def on_fake(fake: FakeServer, ears: Ears, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Transport]:
    """A transport on the fake server."""
    monkeypatch.setattr("mog.engine.rabbitmq.line.FIRST_DELAY", 0.001)
    transport = Transport(fake.settings, Topology("app", "node"), on_lost=ears.on_lost, on_restored=ears.on_restored)
    await transport.open()
    yield transport
    await transport.close()


async def test_deliveries_are_taken_and_acknowledged(rabbit: Rabbit, basket: Basket) -> None:
    transport = await rabbit.open()
    await transport.publish(parcels(3, priority=7))
    await transport.consume(["tasks"], 10, basket.take)
    messages = await basket.until(3)
    assert sorted(message.body for message in messages) == [b"0", b"1", b"2"]
    assert {(message.queue, message.priority, message.redelivered) for message in messages} == {("tasks", 7, False)}
    transport.acknowledge([message.receipt for message in messages])
    await transport.close()
    assert (await rabbit.look("tasks")).message_count == 0


async def test_what_is_not_acknowledged_is_delivered_again_after_close(rabbit: Rabbit, basket: Basket) -> None:
    transport = await rabbit.open()
    await transport.publish(parcels(3))
    await transport.consume(["tasks"], 10, basket.take)
    transport.acknowledge([(await basket.until(3))[1].receipt])
    await transport.close()
    await rabbit.until_ready("tasks", 2)
    again = Basket()
    await (await rabbit.open()).consume(["tasks"], 10, again.take)
    assert [message.redelivered for message in await again.until(2)] == [True, True]
    assert sorted(again.bodies) == [b"0", b"2"]


async def test_higher_priorities_come_first(rabbit: Rabbit, basket: Basket) -> None:
    transport = await rabbit.open()
    await transport.publish([parcel for level in (0, 10, 5, 1) for parcel in parcels(1, priority=level)])
    await transport.consume(["tasks"], 10, basket.take)
    assert [message.priority for message in await basket.until(4)] == [10, 5, 1, 0]


async def test_prefetch_holds_for_each_queue(rabbit: Rabbit, basket: Basket) -> None:
    transport = await rabbit.open()
    await transport.declare(["other"])
    await transport.publish([*parcels(10), *parcels(10, "other")])
    await transport.consume(["tasks", "other"], 3, basket.take)
    messages = await basket.until(6)
    await rabbit.until_ready("tasks", 7)
    await rabbit.until_ready("other", 7)
    assert sorted(message.queue for message in messages) == ["other"] * 3 + ["tasks"] * 3
    transport.acknowledge([message.receipt for message in messages if message.queue == "other"])
    messages = await basket.until(9)
    assert [message.queue for message in messages[6:]] == ["other"] * 3
    assert len(basket.messages) == 9


async def test_handed_back_it_comes_again(rabbit: Rabbit, basket: Basket) -> None:
    transport = await rabbit.open()
    await transport.publish(parcels(1))
    await transport.consume(["tasks"], 1, basket.take)
    transport.hand_back([(await basket.until(1))[0].receipt])
    first, second = await basket.until(2)
    assert (first.redelivered, second.redelivered) == (False, True)
    transport.acknowledge([second.receipt])


async def test_stopped_it_takes_nothing_more(rabbit: Rabbit, basket: Basket) -> None:
    transport = await rabbit.open()
    await transport.publish(parcels(10))
    consumption = await transport.consume(["tasks"], 2, basket.take)
    first, second = await basket.until(2)
    await consumption.stop()
    assert (await rabbit.look("tasks")).consumer_count == 0
    transport.acknowledge([first.receipt, second.receipt])
    await transport.publish(parcels(1))
    await rabbit.until_ready("tasks", 9)
    assert len(basket.messages) == 2
    await consumption.stop()


async def test_what_was_delivered_before_the_stop_can_still_be_settled(rabbit: Rabbit, basket: Basket) -> None:
    transport = await rabbit.open()
    await transport.publish(parcels(4))
    consumption = await transport.consume(["tasks"], 4, basket.take)
    old = await basket.until(4)
    await consumption.stop()
    again = Basket()
    await transport.consume(["tasks"], 4, again.take)
    transport.acknowledge([message.receipt for message in old[:2]])
    transport.hand_back([message.receipt for message in old[2:]])
    new = await again.until(2)
    assert sorted(message.body for message in new) == sorted(message.body for message in old[2:])
    transport.acknowledge([message.receipt for message in new])
    await transport.close()
    assert (await rabbit.look("tasks")).message_count == 0


async def test_a_second_consumption_replaces_the_first(rabbit: Rabbit, basket: Basket) -> None:
    transport = await rabbit.open()
    await transport.consume(["tasks"], 1, lambda _: pytest.fail("the first one is stopped"))
    await transport.consume(["tasks"], 1, basket.take)
    await transport.publish(parcels(1))
    await basket.until(1)
    assert (await rabbit.look("tasks")).consumer_count == 1


async def test_many_consumptions_leave_no_channels_behind(fake: FakeServer, on_fake: Transport) -> None:
    for _ in range(3):
        await (await on_fake.consume(["tasks"], 1, lambda _: None)).stop()
    opened, closed = fake.count(commands.Channel.Open), fake.count(commands.Channel.Close)
    assert opened - closed == 2, "the publisher's, and the latest consumption's"


async def test_a_connection_lost_is_a_new_epoch(rabbit: Rabbit, proxy: Proxy, ears: Ears, basket: Basket) -> None:
    transport = await rabbit.open(url=proxy.url, ears=ears)
    await transport.publish(parcels(4))
    await transport.consume(["tasks"], 10, basket.take)
    old = list(await basket.until(4))
    transport.acknowledge([old[0].receipt])
    proxy.cut()
    await ears.until(lambda ears: ears.restored == 1)
    assert len(ears.lost) == 1
    done = set(basket.bodies[:4]) - set(basket.bodies[4:])
    new = (await basket.until(8 - len(done)))[4:]
    assert done <= {old[0].body}, "an acknowledgement may be lost with the wire"
    assert all(message.redelivered for message in new)
    assert {message.receipt.epoch for message in old}.isdisjoint({message.receipt.epoch for message in new})
    transport.acknowledge([message.receipt for message in old])
    transport.hand_back([message.receipt for message in old])
    await transport.close()
    assert (await rabbit.look("tasks")).message_count == len(new), "old receipts do nothing"


async def test_receipts_that_nobody_gave_do_nothing(rabbit: Rabbit, ears: Ears, basket: Basket) -> None:
    transport = await rabbit.open(ears=ears)
    await transport.publish(parcels(1))
    await transport.consume(["tasks"], 1, basket.take)
    [message] = await basket.until(1)
    epoch = message.receipt.epoch
    transport.acknowledge([Receipt(epoch, 77), Receipt(epoch + 1, 1), Receipt(epoch - 1, 1), Receipt(epoch, 0)])
    transport.acknowledge([message.receipt, message.receipt])
    transport.hand_back([message.receipt])
    await transport.publish(parcels(1))
    await basket.until(2)
    assert ears.lost == []


async def test_half_a_connection_is_none(rabbit: Rabbit, proxy: Proxy, ears: Ears, basket: Basket) -> None:
    transport = await rabbit.open(url=proxy.url, ears=ears)
    await transport.consume(["tasks"], 1, basket.take)
    proxy.finish_server_side()
    await ears.until(lambda ears: ears.restored == 1)
    async with asyncio.timeout(10):
        while not await transport_is_back(transport):
            await asyncio.sleep(0.01)
    await transport.publish(parcels(1))
    await basket.until(1)


async def transport_is_back(transport: Transport) -> bool:
    try:
        await transport.depth(["tasks"])
    except EngineUnavailable:
        return False
    return True


async def test_a_slow_wire_brings_everything(rabbit: Rabbit, proxy: Proxy, basket: Basket) -> None:
    transport = await rabbit.open(url=proxy.url)
    await transport.publish(parcels(50))
    proxy.down.delay, proxy.down.chunk = 0.001, 50
    await transport.consume(["tasks"], 50, basket.take)
    messages = await basket.until(50)
    assert [int(message.body) for message in messages] == list(range(50))
    proxy.heal()


async def test_a_queue_deleted_under_a_consumer_is_made_again(rabbit: Rabbit, ears: Ears, basket: Basket) -> None:
    transport = await rabbit.open(ears=ears)
    await transport.consume(["tasks"], 1, basket.take)
    await rabbit.delete("tasks")
    await ears.until(lambda ears: ears.restored == 1)
    assert f"delivers no more of queue {rabbit.name('tasks')}: somebody deleted it" in str(ears.lost[0])
    assert await transport.publish(parcels(1)) == [None]
    await basket.until(1)


async def test_a_queue_of_other_arguments(rabbit: Rabbit) -> None:
    await rabbit.call(commands.Queue.Declare(queue=rabbit.name("other"), durable=True))
    transport = await rabbit.open()
    with pytest.raises(StoreUnusable, match=r"has it with other arguments: .*x-max-priority.*delete_queue") as caught:
        await transport.declare(["other"])
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreUnusable, match="with other arguments"):
        await transport.consume(["other"], 1, lambda _: None)
    assert await transport.publish(parcels(1)) == [None], "the others go on"


async def test_other_arguments_turn_up_later(rabbit: Rabbit, ears: Ears, basket: Basket) -> None:
    transport = await rabbit.open(ears=ears)
    await transport.consume(["tasks"], 1, basket.take)
    durable = commands.Queue.Declare(queue=rabbit.name("tasks"), durable=True)
    await rabbit.delete("tasks")
    await rabbit.call(durable)
    await ears.until(lambda ears: len(ears.lost) == 2)
    assert isinstance(ears.lost[1], StoreUnusable), "told of what does not pass by itself"
    with pytest.raises(StoreUnusable, match="with other arguments"):
        await transport.on_control(lambda _: None)
    await rabbit.delete("tasks")
    await ears.until(lambda ears: ears.restored == 1)


async def test_before_open_and_after_close(rabbit: Rabbit) -> None:
    transport = rabbit.transport()
    with pytest.raises(NotConnected):
        await transport.consume(["tasks"], 1, lambda _: None)
    await transport.open()
    await transport.close()
    with pytest.raises(NotConnected):
        await transport.consume(["tasks"], 1, lambda _: None)
    transport.acknowledge([Receipt(1, 1)])
    await transport.close()


# -- what a real server does not do when a test wants it


async def test_what_arrives_in_one_turn_is_taken_as_one(fake: FakeServer, on_fake: Transport, basket: Basket) -> None:
    await on_fake.consume(["tasks"], 5, basket.take)
    fake.peer.deliver(fake.channel_of(Basic.Consume), "app.tasks", b"a", b"b", b"c")
    await basket.until(3)
    assert [len(batch) for batch in basket.batches] == [3]


@pytest.mark.parametrize(("asked", "got"), [(0, 1), (1, 1), (100_000, 65_535)])
async def test_there_is_always_a_limit(fake: FakeServer, on_fake: Transport, asked: int, got: int) -> None:
    await on_fake.consume(["tasks"], asked, lambda _: None)
    qos = await fake.until(Basic.Qos)
    assert (qos.prefetch_count, qos.global_) == (got, False)


async def test_acknowledgements_of_one_turn_are_one_frame(fake: FakeServer, on_fake: Transport, basket: Basket) -> None:
    await on_fake.consume(["tasks"], 5, basket.take)
    fake.peer.deliver(fake.channel_of(Basic.Consume), "app.tasks", b"a", b"b", b"c")
    receipts = [message.receipt for message in await basket.until(3)]
    for receipt in reversed(receipts):
        on_fake.acknowledge([receipt])
    ack = await fake.until(Basic.Ack)
    assert (ack.delivery_tag, ack.multiple) == (3, True)
    assert fake.count(Basic.Ack) == 1


async def test_what_arrives_after_the_stop_goes_back(fake: FakeServer, on_fake: Transport, basket: Basket) -> None:
    consumption = await on_fake.consume(["tasks"], 5, basket.take)
    channel = fake.channel_of(Basic.Consume)
    fake.answers[Basic.Cancel] = None
    stopping = asyncio.create_task(consumption.stop())
    await fake.until(Basic.Cancel)
    fake.peer.deliver(channel, "app.tasks", b"late")
    nack = await fake.until(Basic.Nack)
    assert (nack.delivery_tag, nack.requeue) == (1, True)
    fake.peer.say(channel, Basic.CancelOk("app.tasks"))
    await stopping
    assert basket.messages == []


async def test_who_fails_to_take_does_not_end_the_connection(fake: FakeServer, on_fake: Transport, ears: Ears) -> None:
    seen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context["exception"]))
    taken = asyncio.Event()

    def take(batch: list[Incoming]) -> None:
        taken.set()
        raise ValueError("of the taker's own")

    await on_fake.consume(["tasks"], 5, take)
    fake.peer.deliver(fake.channel_of(Basic.Consume), "app.tasks", b"a")
    await taken.wait()
    await on_fake.depth(["tasks"])
    assert [str(error) for error in seen] == ["of the taker's own"]
    assert ears.lost == []


async def test_a_consumer_that_the_server_cancels(fake: FakeServer, on_fake: Transport, ears: Ears) -> None:
    await on_fake.consume(["tasks"], 5, lambda _: None)
    fake.peer.say(fake.channel_of(Basic.Consume), Basic.Cancel("app.tasks", nowait=True))
    await ears.until(lambda ears: ears.restored == 1)
    assert fake.count(Basic.Consume) == 2
    assert fake.count(commands.Queue.Declare) == 4  # it is looked for before it is made


async def test_a_channel_closed_for_a_late_acknowledgement(fake: FakeServer, on_fake: Transport, ears: Ears) -> None:
    await on_fake.consume(["tasks"], 5, lambda _: None)
    text = "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out"
    fake.peer.say(fake.channel_of(Basic.Consume), commands.Channel.Close(406, text, 0, 0))
    await ears.until(lambda ears: ears.restored == 1)
    assert "acknowledgement on channel 1 timed out" in str(ears.lost[0])


async def test_a_consumer_that_the_server_has_lost_is_missed(
    fake: FakeServer, on_fake: Transport, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mog.engine.rabbitmq.consumption.PATROL_INTERVAL", 0.01)
    await on_fake.consume(["tasks", "other"], 5, lambda _: None)
    await fake.until(commands.Queue.Declare, 8)
    assert ears.lost == []

    def lost(peer: object, channel: int, frame: commands.Queue.Declare) -> None:
        consumers = 0 if frame.passive and frame.queue == "app.other" else 1
        fake.peer.say(channel, commands.Queue.DeclareOk(frame.queue, 0, consumers))

    fake.answers[commands.Queue.Declare] = lost
    await ears.until(lambda ears: bool(ears.lost))
    assert "has lost the consumers of app.other" in str(ears.lost[0])
    del fake.answers[commands.Queue.Declare]
    await ears.until(lambda ears: ears.restored == len(ears.lost))


async def test_a_server_that_does_not_answer_the_patrol(
    fake: FakeServer, on_fake: Transport, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mog.engine.rabbitmq.consumption.PATROL_INTERVAL", 0.01)
    monkeypatch.setattr("mog.engine.rabbitmq.consumption.PATROL_PATIENCE", 0.05)
    await on_fake.consume(["tasks"], 5, lambda _: None)
    fake.answers[commands.Queue.Declare] = None
    await ears.until(lambda ears: bool(ears.lost))
    assert "does not tell who consumes" in str(ears.lost[0])
    del fake.answers[commands.Queue.Declare]
    await ears.until(lambda ears: ears.restored >= 1)
