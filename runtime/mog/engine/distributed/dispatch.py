"""Publishes wake-ups, and takes out of the outbox what RabbitMQ has confirmed.

What cannot be published stays in the outbox, and some worker tries again: after create() it is taken back instead (see
``submission.py``), for its caller is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from uuid import UUID

from mog.engine.distributed.envelope import write_envelope
from mog.engine.distributed.names import Names
from mog.engine.rabbitmq.failures import Unroutable
from mog.engine.rabbitmq.messages import Parcel
from mog.engine.rabbitmq.transport import Transport
from mog.engine.redis.answers import WakeUp
from mog.engine.redis.submissions import Submissions
from mog.errors import EngineError, MogError

logger = logging.getLogger("mog.engine.distributed")

GATHER = 0.01
"""Seconds in which confirmations gather before the store is told: nobody waits for that, but for the store."""


Write = Callable[[WakeUp], bytes]
"""Makes the message that wakes a task up."""


class Dispatch:
    """The way of wake-ups from the store to RabbitMQ."""

    def __init__(self, transport: Transport, submissions: Submissions, names: Names) -> None:
        self._transport, self._submissions, self._names = transport, submissions, names
        self._sent: list[tuple[UUID, int]] = []
        self._noting: asyncio.Task[None] | None = None

    async def send(self, wake_ups: Sequence[WakeUp], write: Write = write_envelope) -> list[MogError | None]:
        """Publish wake-ups; never raises. Answers None for what RabbitMQ has."""
        if not wake_ups:
            return []
        answers = await self._publish(wake_ups, write)
        lost = [at for at, answer in enumerate(answers) if isinstance(answer, Unroutable)]
        if lost:  # somebody has deleted the queue since it was declared
            again = await self._publish([wake_ups[at] for at in lost], write)
            for at, answer in zip(lost, again, strict=True):
                answers[at] = answer
        self._note(one for one, answer in zip(wake_ups, answers, strict=True) if answer is None)
        return answers

    async def prepare(self, queues: Iterable[str]) -> None:
        """See that queues exist before the store has the first tasks of them; never raises: send() says what is wrong.

        What the store has when a queue proves not to be there counts as lost with it (see ``resending.py``).
        """
        with suppress(EngineError):
            await self._transport.declare([self._names.short(queue) for queue in queues])

    def check(self) -> None:
        """Raise EngineUnavailable where nothing can be published now: others may be able to, and should not wait."""
        self._transport.check()

    async def finish(self) -> None:
        """Wait until the store knows what is published; never raises."""
        while self._noting is not None:
            await asyncio.wait([self._noting])

    async def _publish(self, wake_ups: Sequence[WakeUp], write: Write) -> list[MogError | None]:
        short = self._names.short
        parcels = [Parcel(short(one.queue), write(one), one.priority, str(one.id)) for one in wake_ups]
        try:
            await self._transport.declare(list({parcel.queue for parcel in parcels}))
            return await self._transport.publish(parcels)
        except EngineError as error:
            return [error] * len(parcels)

    def _note(self, sent: Iterable[WakeUp]) -> None:
        self._sent += [(one.id, one.seq) for one in sent]
        if self._sent and self._noting is None:
            self._noting = asyncio.get_running_loop().create_task(self._tell_store())

    async def _tell_store(self) -> None:
        """Tell what gathers in a moment; what the store does not hear is published twice, which does no harm."""
        try:
            while self._sent:
                await asyncio.sleep(GATHER)
                batch, self._sent = self._sent, []
                await self._submissions.sent(batch)
        except EngineError as error:
            logger.debug("messages may be published again: %s", error)
        finally:
            self._noting = None
