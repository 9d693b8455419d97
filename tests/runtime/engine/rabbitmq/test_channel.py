from __future__ import annotations

import asyncio

import pytest
from pamqp import commands
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from mog.engine.rabbitmq.channel import Channel, Content
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.failures import NotThere
from mog.errors import EngineError, EngineUnavailable, NotConnected, StoreUnusable

from .fake_server import FakeServer

PASSIVE = commands.Queue.Declare(queue="q", passive=True)


class Recorder(Channel):
    """Keeps what it is told."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.batches: list[list[bytes]] = []
        self.losses: list[EngineError] = []
        self.heard = asyncio.Event()

    def delivered(self, batch: list[Content]) -> None:
        self.batches.append([content.body for content in batch])
        self.heard.set()

    def lost(self, error: EngineError) -> None:
        self.losses.append(error)
        self.heard.set()


@pytest.fixture
async def channel(connection: Connection) -> Recorder:
    return await connection.open_channel(Recorder(connection))


async def test_requests_sent_together_are_answered_in_order(channel: Recorder) -> None:
    answers = await channel.call_all([PASSIVE, Basic.Get(queue="q"), PASSIVE])
    assert [answer.name for answer in answers] == ["Queue.DeclareOk", "Basic.GetEmpty", "Queue.DeclareOk"]


async def test_what_arrives_together_is_one_batch(fake: FakeServer, channel: Recorder) -> None:
    fake.peer.deliver(channel.number, "me", b"one", b"", b"three")
    await channel.heard.wait()
    assert channel.batches == [[b"one", b"", b"three"]]


async def test_a_body_in_many_frames(fake: FakeServer, channel: Recorder) -> None:
    pieces = [b"a" * 1000, b"b" * 1000, b"c"]
    head = ContentHeader(0, 2001, Basic.Properties())
    fake.peer.say(channel.number, Basic.Deliver("me", 1, False, "", ""), head, *map(ContentBody, pieces))
    await channel.heard.wait()
    assert channel.batches == [[b"".join(pieces)]]


async def test_an_answer_that_stays_away(fake: FakeServer, connection: Connection) -> None:
    channel = await connection.open_channel(Recorder(connection))
    fake.answers[commands.Queue.Declare] = None
    object.__setattr__(connection.settings, "confirm_timeout", 0.05)
    with pytest.raises(EngineUnavailable, match=r"has not answered Queue.Declare within 0.05 s"):
        await channel.call(PASSIVE)


async def test_an_answer_that_nobody_waits_for_any_more_goes_to_nobody(fake: FakeServer, channel: Recorder) -> None:
    fake.answers[commands.Queue.Declare] = None
    impatient = asyncio.create_task(channel.call(PASSIVE))
    await fake.until(commands.Queue.Declare)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    other = asyncio.create_task(channel.call(Basic.Get(queue="q")))
    fake.peer.say(channel.number, commands.Queue.DeclareOk("q", 1, 1))
    assert (await other).name == "Basic.GetEmpty"


@pytest.mark.parametrize(
    ("close", "kind", "message"),
    [
        ((404, "NOT_FOUND - no queue 'q'", 50, 10), NotThere, "no queue 'q'"),
        ((403, "ACCESS_REFUSED - for user 'guest'", 50, 10), StoreUnusable, "for this user; rabbitmqctl set_"),
        ((405, "RESOURCE_LOCKED - q", 50, 10), StoreUnusable, "another connection has it for itself"),
        ((406, "PRECONDITION_FAILED - inequivalent arg 'x'", 50, 10), StoreUnusable, "delete_queue.*queue_type"),
        ((406, "PRECONDITION_FAILED - unknown delivery tag", 60, 80), EngineUnavailable, "unknown delivery tag"),
        ((541, "INTERNAL_ERROR", 0, 0), EngineUnavailable, "INTERNAL_ERROR"),
    ],
)
async def test_a_channel_that_the_server_closes(
    fake: FakeServer, channel: Recorder, close: tuple[int, str, int, int], kind: type[EngineError], message: str
) -> None:
    fake.answers[commands.Queue.Declare] = lambda peer, number, _: peer.say(number, commands.Channel.Close(*close))
    with pytest.raises(kind, match=message) as caught:
        await channel.call_all([PASSIVE, PASSIVE])
    assert type(caught.value) is kind
    assert channel.losses == [caught.value]
    await fake.until(commands.Channel.CloseOk)
    with pytest.raises(kind):
        await channel.call(PASSIVE)
    await channel.close()


async def test_others_live_on_when_a_channel_is_closed(fake: FakeServer, connection: Connection) -> None:
    first = await connection.open_channel(Recorder(connection))
    second = await connection.open_channel(Recorder(connection))
    fake.peer.say(first.number, commands.Channel.Close(404, "NOT_FOUND", 0, 0))
    await first.heard.wait()
    assert (await second.call(PASSIVE)).name == "Queue.DeclareOk"
    assert second.failure is None


async def test_a_closed_channel_is_no_loss(channel: Recorder) -> None:
    await channel.close()
    assert channel.losses == []
    with pytest.raises(NotConnected):
        await channel.call(PASSIVE)
    await channel.close()


async def test_deliveries_after_goodbye_are_dropped(fake: FakeServer, channel: Recorder) -> None:
    fake.answers[commands.Channel.Close] = None
    closing = asyncio.create_task(channel.close())
    await fake.until(commands.Channel.Close)
    fake.peer.deliver(channel.number, "me", b"late")
    fake.peer.say(channel.number, commands.Channel.CloseOk())
    await closing
    assert channel.batches == []


async def test_a_connection_lost_is_told_to_all_who_wait(fake: FakeServer, channel: Recorder) -> None:
    fake.answers[commands.Queue.Declare] = lambda peer, *_: peer.writer.transport.abort()
    with pytest.raises(EngineUnavailable, match="is lost"):
        await channel.call(PASSIVE)
    assert len(channel.losses) == 1


async def test_numbers_are_not_soon_used_again(connection: Connection) -> None:
    first = await connection.open_channel(Channel(connection))
    await first.close()
    second = await connection.open_channel(Channel(connection))
    assert (first.number, second.number) == (1, 2)


async def test_numbers_come_round(connection: Connection) -> None:
    connection.channel_max = 3
    kept = await connection.open_channel(Channel(connection))
    for _ in range(5):
        passing = await connection.open_channel(Channel(connection))
        assert passing.number in (2, 3)
        await passing.close()
    for _ in range(2):
        await connection.open_channel(Channel(connection))
    with pytest.raises(EngineUnavailable, match="all 3 channels"):
        await connection.open_channel(Channel(connection))
    assert kept.failure is None


async def test_who_gives_up_opening_a_channel_gives_it_back(fake: FakeServer, connection: Connection) -> None:
    fake.answers[commands.Channel.Open] = None
    opening = asyncio.create_task(connection.open_channel(Channel(connection)))
    await fake.until(commands.Channel.Open)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await fake.until(commands.Channel.Close)


@pytest.mark.parametrize(
    "nonsense",
    [ContentBody(b"of what?"), ContentHeader(0, 1, Basic.Properties()), commands.Queue.DeclareOk("q", 0, 0)],
    ids=["body", "header", "answer"],
)
async def test_frames_that_nothing_announced(fake: FakeServer, channel: Recorder, nonsense: object) -> None:
    fake.peer.say(channel.number, nonsense)
    error = await asyncio.wait_for(asyncio.shield(channel.connection.ended), 5)
    assert "AMQP 0-9-1" in str(error)
