"""Looks into queues, and takes out of them; each call on a channel of its own, which the server may close."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pamqp import commands
from pamqp.base import Frame
from pamqp.commands import Basic

from mog.engine.rabbitmq import frames
from mog.engine.rabbitmq.channel import Channel, Content
from mog.engine.rabbitmq.connection import Connection
from mog.engine.rabbitmq.failures import NotThere
from mog.engine.rabbitmq.messages import Browsed

PAGE = 100
"""Messages asked for in one round trip."""


async def depth(connection: Connection, queue: str) -> int:
    """Count a queue's ready messages; 0 if it is not there."""
    return await _count(connection, _look_up(queue))


async def exists(connection: Connection, queue: str) -> bool:
    """Tell whether a queue is there."""
    return bool(await _answers(connection, _look_up(queue)))


async def purge(connection: Connection, queue: str) -> int:
    """Drop a queue's ready messages and return how many; 0 if it is not there."""
    return await _count(connection, commands.Queue.Purge(queue=queue))


async def browse(connection: Connection, queue: str, limit: int) -> list[Browsed]:
    """Read the oldest messages of a queue and put them back where they were; none if it is not there.

    Meanwhile, and only then, they are hidden from others.
    """
    found: list[Browsed] = []
    async with _channel(connection) as channel:
        async for page in _pages(channel, queue, limit):
            found += [
                Browsed(content.body, sheet.message_id or "", sheet.headers or {})
                for content in page
                for sheet in [content.header.properties()]
            ]
    return found


async def take_out(connection: Connection, queue: str, message_ids: Sequence[str]) -> list[bool]:
    """Remove messages from a queue by their ids; False for those that are not there, or hidden by another look.

    Reads the whole queue: there may be two with one id.
    """
    wanted, found = set(message_ids), set[str]()
    async with _channel(connection) as channel:
        async for page in _pages(channel, queue):
            for content in page:
                message_id, carrier = content.header.properties().message_id, content.carrier
                if message_id in wanted and isinstance(carrier, Basic.GetOk):
                    found.add(message_id)
                    tag = carrier.delivery_tag or 0
                    connection.send(frames.acknowledgement(tag, channel.number, multiple=False))
    return [message_id in found for message_id in message_ids]


@asynccontextmanager
async def _channel(connection: Connection) -> AsyncIterator[Channel]:
    """Open a channel for a look; closing it puts back what was not acknowledged, after what was is gone.

    Of a queue that is not there, nothing is found.
    """
    channel = await connection.open_channel(Channel(connection))
    try:
        yield channel
        await channel.close()
    except NotThere:
        pass
    finally:
        channel.discard()


async def _pages(channel: Channel, queue: str, limit: int | None = None) -> AsyncIterator[list[Content]]:
    """Get message after message, in pages, until there are no more, or as many as allowed."""
    seen = 0
    while limit is None or seen < limit:
        size = PAGE if limit is None else min(PAGE, limit - seen)
        answers = await channel.call_all([Basic.Get(queue=queue) for _ in range(size)])
        page = [answer for answer in answers if isinstance(answer, Content)]
        seen += len(page)
        if page:
            yield page
        if len(page) < size:
            return


def _look_up(queue: str) -> Frame:
    return commands.Queue.Declare(queue=queue, passive=True)


async def _count(connection: Connection, request: Frame) -> int:
    return sum(answer.message_count or 0 for answer in await _answers(connection, request))


async def _answers(connection: Connection, request: Frame) -> list[Any]:
    """Return what the server says of a queue: one answer, none if it is not there."""
    answers = []
    async with _channel(connection) as channel:
        answers.append(await channel.call(request))
    return answers
