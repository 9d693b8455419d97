"""The way back to Mognet, or to an older release: what waits in the store becomes messages that anybody reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mog.engine.distributed.envelope import write_plain_envelope
from mog.engine.records import Unparked

if TYPE_CHECKING:
    from mog.engine.distributed.core import Core


async def unpark(core: Core, queues: Sequence[str]) -> Unparked:
    """See :meth:`Broker.unpark`."""
    core.dispatch.check()
    counts, held = Counter(dict.fromkeys(queues, 0)), 0
    async for stretch in core.store.unparking.look(queues):
        held += stretch.held
        answers = await core.dispatch.send(stretch.wake_ups, write_plain_envelope)
        published = [one for one, answer in zip(stretch.wake_ups, answers, strict=True) if answer is None]
        await core.store.unparking.published([one.id for one in published])
        counts.update(one.queue for one in published)
        for answer in answers:
            if answer is not None:
                raise answer
    return Unparked(dict(sorted(counts.items())), held)
