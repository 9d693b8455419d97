"""Tasks on their way in, and messages on their way to RabbitMQ."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from uuid import UUID

from mog.engine.records import NewTask, StoredValue
from mog.engine.redis.answers import WakeUp
from mog.engine.redis.codec import ENCODINGS, quote, read_wake_up, write_key, write_optional, write_time
from mog.engine.redis.connection import Arg
from mog.engine.redis.schedule import STRETCH
from mog.engine.redis.scripts import Scripts, items_of, read_each
from mog.errors import AlreadySubmitted, MogError


class Submissions:
    """See the module's head."""

    def __init__(self, scripts: Scripts, owner: str) -> None:
        self._scripts = scripts
        self._calls = (f"{owner}.{number:x}" for number in itertools.count())

    async def create(self, tasks: Sequence[NewTask]) -> list[MogError | None]:
        """Store tasks as PENDING: record, metadata, link to the parent, body.

        A task without a due time is put into the outbox, with seq 0: publish it. One that has such a time, even one
        that is past, waits in the store. Answers AlreadySubmitted for a known id.
        """
        answers = await self._scripts.run("create", (next(self._calls),), [_item(task) for task in tasks])
        return read_each(_created, answers, tasks)

    async def sent(self, messages: Sequence[tuple[UUID, int]]) -> list[bool]:
        """Take messages (id, seq) that RabbitMQ has confirmed out of the outbox; False where a newer one counts."""
        return await self._scripts.ask("sent", (), [(str(task_id), str(seq)) for task_id, seq in messages])

    async def not_sent(self, ids: Sequence[UUID], value: StoredValue) -> list[bool]:
        """Revoke tasks that never started, because their messages could not be published.

        False for one that has started, or has ended, or is gone: it was published after all.
        """
        head = (value.content, ENCODINGS[value.encoding])
        return await self._scripts.ask("not_sent", head, items_of(ids))

    async def known(self, ids: Sequence[UUID]) -> list[bool]:
        """Tell which tasks are stored, whatever has become of them."""
        return read_each(bool, await self._scripts.run("get", (), items_of(ids)))

    async def unsent(self, older_than: float = 10.0, limit: int = 100) -> list[WakeUp]:
        """Return messages that were to be published so many seconds ago, and were not, or nobody said so.

        They stay in the outbox, as of now; what no longer needs a message is taken out.
        """
        return [read_wake_up(found) for found in await self._scripts.run_once("unsent", (older_than, limit))]

    async def resend(self, names: Sequence[str]) -> int:
        """Put all tasks that wait in a queue of these names into the outbox: their messages are lost. Return how many.

        Walks through all known tasks.
        """
        total = 0
        start: bytes | str | None = "0"
        end: bytes | str = ""
        while start is not None:
            start, end, count = await self._scripts.run_once("resend", (start, end, STRETCH, *map(quote, names)))
            total += count
        return total


def _created(answer: int, task: NewTask) -> MogError | None:
    return None if answer else AlreadySubmitted(task.record.id)


def _item(task: NewTask) -> list[Arg]:
    record, message = task.record, task.message
    parent = record.parent_id
    item: list[Arg] = [
        2 * len(task.metadata),
        str(message.id),
        message.id.bytes if parent is not None else b"",
        "" if parent is None else str(parent),
        repr(task.ttl),
        "" if message.due is None else repr(message.due),
        quote(message.queue),
        message.priority,
        write_time(record.created),
        write_optional(record.name),
        write_optional(record.request_kwargs_repr),
        message.body,
    ]
    for name, text in task.metadata.items():
        item += (write_key(name), text)
    return item
