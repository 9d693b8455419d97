from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.runtime.proxy import Proxy

from mog.engine.rabbitmq.messages import ControlMessage
from mog.engine.rabbitmq.transport import Transport
from mog.errors import EngineUnavailable

from .conftest import PATIENCE, Ears, Rabbit, Radio


def answering(transport: Transport, *answers: bytes) -> Callable[[list[ControlMessage]], None]:
    """Make a listener that gives these answers to each question."""
    tasks = set[asyncio.Task[None]]()

    def take(batch: list[ControlMessage]) -> None:
        for message in batch:
            for answer in answers:
                assert message.reply_to is not None
                tasks.add(asyncio.create_task(transport.reply(message.reply_to, answer)))

    return take


async def test_all_who_listen_hear(rabbit: Rabbit) -> None:
    speaker = await rabbit.open(node="speaker")
    radios = [Radio(), Radio()]
    for number, radio in enumerate(radios):
        await (await rabbit.open(node=f"node-{number}")).on_control(radio.take)
    await speaker.broadcast(b"one", expiration_ms=1000)
    await speaker.broadcast(b"two", expiration_ms=1000, reply_to="somebody")
    for radio in radios:
        assert await radio.until(2) == [ControlMessage(b"one"), ControlMessage(b"two", "somebody")]


async def test_nobody_listens(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    await transport.broadcast(b"to nobody", expiration_ms=1000)
    await transport.reply("nobody", b"to nobody")


async def test_the_listener_can_be_changed(rabbit: Rabbit, radio: Radio) -> None:
    transport = await rabbit.open()
    await transport.on_control(lambda _: pytest.fail("this one was replaced"))
    await transport.on_control(radio.take)
    await transport.broadcast(b"hello", expiration_ms=1000)
    assert [message.body for message in await radio.until(1)] == [b"hello"]


async def test_control_comes_back_with_the_connection(rabbit: Rabbit, proxy: Proxy, ears: Ears, radio: Radio) -> None:
    listener = await rabbit.open(url=proxy.url, ears=ears, node="listener")
    await listener.on_control(radio.take)
    speaker = await rabbit.open(node="speaker")
    proxy.cut()
    await ears.until(lambda ears: ears.restored == 1)
    await speaker.broadcast(b"hello again", expiration_ms=1000)
    assert [message.body for message in await radio.until(1)] == [b"hello again"]


async def test_a_control_queue_that_is_deleted_is_made_again(rabbit: Rabbit, ears: Ears, radio: Radio) -> None:
    transport = await rabbit.open(ears=ears)
    await transport.on_control(radio.take)
    await rabbit.delete("mognet.control.node")
    await ears.until(lambda ears: ears.restored == 1)
    assert "sends no more control messages" in str(ears.lost[0])
    await transport.broadcast(b"hello", expiration_ms=1000)
    await radio.until(1)


async def test_control_and_deliveries_share_a_connection(rabbit: Rabbit, proxy: Proxy, radio: Radio) -> None:
    transport = await rabbit.open(url=proxy.url)
    assert proxy.connections == 1, "who only publishes has one connection"
    await transport.on_control(radio.take)
    await transport.consume(["tasks"], 1, lambda _: None)
    assert proxy.connections == 2


async def test_a_question_is_answered_by_all(rabbit: Rabbit) -> None:
    for node in ("one", "two"):
        transport = await rabbit.open(node=node)
        await transport.on_control(answering(transport, node.encode()))
    asker = await rabbit.open(node="asker")
    answers = asker.ask(b"who is there?", timeout=PATIENCE)
    assert {await anext(answers), await anext(answers)} == {b"one", b"two"}
    await answers.aclose()


async def test_a_question_that_nobody_answers(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    assert [answer async for answer in transport.ask(b"who is there?", timeout=0.1)] == []


async def test_questions_at_the_same_time_get_their_own_answers(rabbit: Rabbit) -> None:
    transport = await rabbit.open()
    tasks = set[asyncio.Task[None]]()

    def echo(batch: list[ControlMessage]) -> None:
        for message in batch:
            assert message.reply_to is not None
            tasks.add(asyncio.create_task(transport.reply(message.reply_to, message.body)))

    await transport.on_control(echo)

    async def ask(question: bytes) -> list[bytes]:
        return [answer async for answer in transport.ask(question, timeout=0.5)]

    assert await asyncio.gather(ask(b"a"), ask(b"b")) == [[b"a"], [b"b"]]


async def test_the_queue_for_answers_goes_with_the_question(rabbit: Rabbit, radio: Radio) -> None:
    transport = await rabbit.open()
    await transport.on_control(radio.take)
    answers = transport.ask(b"who is there?", timeout=PATIENCE)
    asking = asyncio.ensure_future(anext(answers))
    [question] = await radio.until(1)
    assert question.reply_to is not None
    queue = question.reply_to.removeprefix(f"{rabbit.app}.")
    assert queue.startswith("mognet.callback.node.")
    assert (await rabbit.look(queue)).consumer_count == 1
    await transport.reply(question.reply_to, b"I am")
    assert await asking == b"I am"
    await answers.aclose()
    assert await transport.depth([queue]) == [0]


async def test_the_connection_is_lost_while_asking(rabbit: Rabbit, proxy: Proxy, radio: Radio) -> None:
    transport = await rabbit.open(url=proxy.url)
    listener = await rabbit.open(node="listener")
    await listener.on_control(radio.take)
    answers = transport.ask(b"who is there?", timeout=PATIENCE)
    asking = asyncio.ensure_future(anext(answers))
    await radio.until(1)
    proxy.cut()
    with pytest.raises(EngineUnavailable, match="is lost"):
        await asking
