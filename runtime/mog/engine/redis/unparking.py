"""What waits in the store, taken out of it for processes that do not look there: Mognet's, and older releases'."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple
from uuid import UUID

from mog.engine.redis.answers import WakeUp
from mog.engine.redis.codec import quote, read_wake_up
from mog.engine.redis.connection import Arg
from mog.engine.redis.layout import Layout
from mog.engine.redis.schedule import STRETCH
from mog.engine.redis.scripts import Scripts, items_of


class Stretch(NamedTuple):
    """Messages that are to be published, and how many tasks stay because processes that live hold them."""

    wake_ups: list[WakeUp]
    held: int


class Unparking:
    """Two steps for a task: its message is published, and all that is mog's of it forgotten."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._layout = Layout(scripts.app)

    async def look(self, queues: Sequence[str] = ()) -> AsyncIterator[Stretch]:
        """Go through what waits in these queues (none: in all): delayed, parked, handed over, in the outbox.

        Call published() for each stretch before the next: what is not taken out then is found again.
        """
        time, names = await self._scripts.run_once("waiting")
        sets = [(self._layout.of("due", name.decode()), "+inf") for name in sorted(names)]
        sets += [(self._layout.of("parked"), "+inf"), (self._layout.of("outbox"), time)]  # not what is just submitted
        for key, upto in sets:
            left_out, looked_at = 0, STRETCH
            while looked_at:
                head: list[Arg] = [key, upto, left_out, STRETCH, *map(quote, queues)]
                looked_at, stay, held, found = await self._scripts.run_once("unpark", head)
                left_out += stay
                yield Stretch([read_wake_up(one) for one in found], held)

    async def published(self, ids: Sequence[UUID]) -> list[bool]:
        """Forget what is mog's of tasks whose messages RabbitMQ has; False for one that a mog process has begun."""
        return await self._scripts.ask("unparked", (), items_of(ids))
