from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import commands
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.failures import Rejected, Unconfirmed, Unroutable
from mog.engine.rabbitmq.handshake import connect
from mog.engine.rabbitmq.properties import PERSISTENT, Properties
from mog.engine.rabbitmq.publisher import Letter, Publisher
from mog.errors import EngineUnavailable, MogError

from .fake_server import FakeServer, Peer, confirm, fake_server


def letters(count: int, body: bytes = b"{}") -> list[Letter]:
    sheets = [Properties(str(number), 5, PERSISTENT) for number in range(count)]
    return [Letter("x", "x.tasks", body, sheet) for sheet in sheets]


def kinds(answers: list[MogError | None]) -> list[type]:
    return [type(answer) for answer in answers]


OK = type(None)


@pytest.fixture
async def publisher(connection: Connection) -> Publisher:
    return await connection.open_channel(Publisher(connection))


async def test_all_are_sent_before_any_is_confirmed(fake: FakeServer, publisher: Publisher) -> None:
    publishing = asyncio.create_task(publisher.publish(letters(100)))
    await fake.until(Basic.Publish, 100)
    assert not publishing.done()
    fake.peer.say(publisher.number, Basic.Ack(100, multiple=True))
    assert await publishing == [None] * 100


async def test_calls_do_not_wait_for_each_other(fake: FakeServer, publisher: Publisher) -> None:
    first = asyncio.create_task(publisher.publish(letters(2)))
    await fake.until(Basic.Publish, 2)
    second = asyncio.create_task(publisher.publish(letters(2)))
    await fake.until(Basic.Publish, 4)
    fake.peer.say(publisher.number, Basic.Ack(3), Basic.Ack(4))
    assert await second == [None, None]
    assert not first.done()
    fake.peer.say(publisher.number, Basic.Ack(2, multiple=True))
    assert await first == [None, None]


async def test_nothing_to_publish(publisher: Publisher) -> None:
    assert await publisher.publish([]) == []


@settings(max_examples=40)
@given(data=st.data())
async def test_confirms_in_any_order(data: st.DataObject) -> None:
    """The server confirms or rejects one message or all up to one, in whatever order; each gets its own answer."""
    async with fake_server() as fake:
        connection = await connect(fake.settings)
        publisher = await connection.open_channel(Publisher(connection))
        count = data.draw(st.integers(1, 30))
        publishing = asyncio.create_task(publisher.publish(letters(count)))
        await fake.until(Basic.Publish, count)
        unconfirmed, expected = set(range(1, count + 1)), dict[int, type]()
        while unconfirmed:
            tag = data.draw(st.sampled_from(sorted(unconfirmed)))
            upwards, accepted = data.draw(st.booleans()), data.draw(st.booleans())
            told = {other for other in unconfirmed if other <= tag} if upwards else {tag}
            unconfirmed -= told
            expected |= dict.fromkeys(told, OK if accepted else Rejected)
            said = Basic.Ack(tag, upwards) if accepted else Basic.Nack(tag, upwards, requeue=False)
            fake.peer.say(publisher.number, said)
        answers = await publishing
        await connection.close()
    assert kinds(answers) == [expected[tag] for tag in range(1, count + 1)]


def give_back(peer: Peer, channel: int, message_id: str) -> None:
    sheet = Basic.Properties(message_id=message_id)
    returned = Basic.Return(312, "NO_ROUTE", "x", "x.tasks")
    peer.say(channel, returned, ContentHeader(0, 2, sheet), ContentBody(b"{}"))


async def test_a_message_that_comes_back_is_unroutable(fake: FakeServer, publisher: Publisher) -> None:
    publishing = asyncio.create_task(publisher.publish(letters(3)))
    await fake.until(Basic.Publish, 3)
    give_back(fake.peer, publisher.number, "1")
    fake.peer.say(publisher.number, Basic.Ack(3, multiple=True))
    answers = await publishing
    assert kinds(answers) == [OK, Unroutable, OK]
    assert "has no queue x.tasks; declare it, or start a worker that does" in str(answers[1])
    again = asyncio.create_task(publisher.publish(letters(3)))
    await fake.until(Basic.Publish, 6)
    fake.peer.say(publisher.number, Basic.Ack(6, multiple=True))
    assert await again == [None, None, None]


async def test_two_messages_of_one_id_come_back(fake: FakeServer, publisher: Publisher) -> None:
    [twin] = letters(1)
    publishing = asyncio.create_task(publisher.publish([twin, twin]))
    await fake.until(Basic.Publish, 2)
    give_back(fake.peer, publisher.number, "0")
    fake.peer.say(publisher.number, Basic.Ack(1))
    give_back(fake.peer, publisher.number, "0")
    fake.peer.say(publisher.number, Basic.Ack(2))
    assert kinds(await publishing) == [Unroutable, Unroutable]


async def test_the_wire_is_lost_meanwhile(fake: FakeServer, publisher: Publisher) -> None:
    publishing = asyncio.create_task(publisher.publish(letters(3)))
    await fake.until(Basic.Publish, 3)
    fake.peer.say(publisher.number, Basic.Ack(2))
    await asyncio.sleep(0)
    fake.peer.writer.close()
    answers = await publishing
    assert kinds(answers) == [Unconfirmed, OK, Unconfirmed]
    assert str(answers[0]).endswith("is lost; the message may have arrived")
    with pytest.raises(EngineUnavailable, match="is lost"):
        await publisher.publish(letters(1))


async def test_the_wire_is_lost_before_all_is_sent(fake: FakeServer, publisher: Publisher) -> None:
    fake.peer.writer.transport.pause_reading()
    publishing = asyncio.create_task(publisher.publish(letters(30, bytes(1_000_000))))
    while not publisher.connection.is_full:
        await asyncio.sleep(0)
    fake.peer.writer.transport.abort()
    answers = await publishing
    assert kinds(answers)[0] is Unconfirmed
    assert kinds(answers)[-1] is EngineUnavailable, "nothing of it was sent"
    assert None not in answers


async def test_a_server_that_is_late(fake: FakeServer) -> None:
    connection = await connect(replace(fake.settings, confirm_timeout=0.2))
    publisher = await connection.open_channel(Publisher(connection))
    publishing = asyncio.create_task(publisher.publish(letters(2)))
    await fake.until(Basic.Publish, 2)
    fake.peer.say(publisher.number, Basic.Ack(1))
    answers = await publishing
    assert kinds(answers) == [OK, Unconfirmed]
    assert "has not answered Basic.Publish within 0.2 s; the message may have arrived" in str(answers[1])
    fake.answers[Basic.Publish] = confirm
    fake.peer.say(publisher.number, Basic.Ack(2))
    assert await publisher.publish(letters(1)) == [None]
    await connection.close()


async def test_a_server_that_is_late_because_it_is_full(fake: FakeServer) -> None:
    connection = await connect(replace(fake.settings, confirm_timeout=0.2))
    publisher = await connection.open_channel(Publisher(connection))
    fake.answers[Basic.Publish] = lambda peer, *_: peer.say(0, commands.Connection.Blocked("low on disk"))
    [answer] = await publisher.publish(letters(1))
    assert isinstance(answer, Unconfirmed)
    assert "takes no messages just now: low on disk; make room for it" in str(answer)
    await connection.close()


async def test_who_gives_up_leaves_the_others_their_answers(fake: FakeServer, publisher: Publisher) -> None:
    impatient = asyncio.create_task(publisher.publish(letters(2)))
    await fake.until(Basic.Publish, 2)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    other = asyncio.create_task(publisher.publish(letters(1)))
    await fake.until(Basic.Publish, 3)
    fake.peer.say(publisher.number, Basic.Ack(3, multiple=True))
    assert await other == [None]


async def test_what_cannot_be_written_is_not_counted(fake: FakeServer, publisher: Publisher) -> None:
    [good] = letters(1)
    with pytest.raises(ValueError, match="255 bytes"):
        await publisher.publish([good, good._replace(properties=Properties("x" * 256, 5, PERSISTENT)), good])
    publishing = asyncio.create_task(publisher.publish(letters(1)))
    await fake.until(Basic.Publish, 2)
    fake.peer.say(publisher.number, Basic.Ack(2))
    assert await publishing == [None]


async def test_the_channel_is_closed(fake: FakeServer, publisher: Publisher) -> None:
    """Without its publisher a connection is of no use: it ends, and with it the line makes another."""
    close = commands.Channel.Close(404, "NOT_FOUND - no exchange 'x'", 60, 40)
    fake.answers[Basic.Publish] = lambda peer, number, _: peer.say(number, close)
    [answer] = await publisher.publish(letters(1))
    assert isinstance(answer, Unconfirmed)
    assert "no exchange 'x'" in str(answer)
    assert publisher.connection.ended.done()


async def test_a_message_goes_where_its_letter_says(fake: FakeServer, publisher: Publisher) -> None:
    heard: list[Any] = []
    fake.answers[ContentBody] = lambda peer, number, frame: heard.append(frame.value)
    fake.answers[Basic.Publish] = confirm
    sheet = Properties("1", 0, 1, reply_to="me", expiration="300000")
    await publisher.publish([Letter("control", "", b"x", sheet, mandatory=False), Letter("direct", "k", b"y", sheet)])
    control, direct = [frame for _, frame in fake.heard if isinstance(frame, Basic.Publish)]
    assert (control.exchange, control.routing_key, control.mandatory) == ("control", "", False)
    assert (direct.exchange, direct.routing_key, direct.mandatory) == ("direct", "k", True)
    assert heard == [b"x", b"y"]
