"""The tasks whose ends this process waits for.

Whoever ends a task publishes its id to the clients that have asked for it (waiters.{id}). Three things cover what that
misses: a client subscribes before it asks, and reads in the same step; after each new subscription it looks at all
again; and it looks at all every second in any case. A Mognet worker tells nobody; for its sake young waiters, of tasks
that may be short, are looked after every tenth of a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID

from mog.engine.contracts import Finished
from mog.engine.records import Record, StoredValue
from mog.engine.redis.layout import Layout
from mog.engine.redis.records import with_values_from
from mog.engine.redis.scripts import Scripts
from mog.engine.redis.subscription import Subscription
from mog.errors import EngineError
from mog.states import TERMINAL_STATES

SWEEP, BRISK_SWEEP = 1.0, 0.1
"""Seconds between looks at all that is watched, and at what is watched since less than ``YOUNG`` seconds."""

YOUNG = 2.0

SIGN_OF_LIFE = 10.0
"""Seconds between questions whether the subscription still lives, while anything is watched."""


class Watches:
    """See the module's head. One connection, however many tasks are watched; none before the first watch()."""

    def __init__(self, scripts: Scripts, client: str) -> None:
        self._scripts = scripts
        self._client = client
        self._watched: dict[str, float] = {}  # id → since when
        self._listener: Finished | None = None
        channel = Layout(scripts.app).of("done", client)
        self._subscription = Subscription(scripts.client.settings, channel, self._heard, self._look_at_all)
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self._next_full = self._next_question = 0.0

    def on_finished(self, finished: Finished) -> None:
        """See :meth:`ResultBackend.on_finished`."""
        self._listener = finished

    async def watch(self, ids: Sequence[UUID]) -> list[tuple[Record, StoredValue | None] | None]:
        """See :meth:`ResultBackend.watch`."""
        await self._subscription.begin()
        since = asyncio.get_running_loop().time()
        texts = [str(task_id) for task_id in ids]
        self._watched |= dict.fromkeys(texts, since)
        try:
            answers = await self._scripts.run("watch", (self._client,), [(text,) for text in texts])
        except BaseException:
            self._drop(texts)
            raise
        found = with_values_from(ids, answers)
        self._drop(text for text, one in zip(texts, found, strict=True) if not _goes_on(one))
        self._plan(anew=True)
        return found

    def unwatch(self, ids: Sequence[UUID]) -> None:
        """See :meth:`ResultBackend.unwatch`."""
        self._drop(map(str, ids))

    async def close(self) -> None:
        """Watch nothing, and let go of the connection."""
        self._forget()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        await self._subscription.close()

    def abandon(self) -> None:
        """See :meth:`Broker.abandon`."""
        self._forget()
        self._looking = None
        self._subscription.abandon()

    def _forget(self) -> None:
        self._watched.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drop(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._watched.pop(text, None)

    def _heard(self, ids: bytes) -> None:
        self._tell(ids.decode().split())

    def _tell(self, texts: Sequence[str]) -> None:
        """Tell of those that are watched, each once."""
        told = [text for text in texts if self._watched.pop(text, None) is not None]
        if not told or self._listener is None:
            return
        try:
            self._listener([UUID(text) for text in told])
        except Exception as error:  # noqa: BLE001 - the engine goes on
            context = {"message": "a listener could not take finished tasks", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def _plan(self, *, anew: bool = False) -> None:
        """See to it that there is a next look while anything is watched."""
        if anew and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and self._watched and self._looking is None:
            loop = asyncio.get_running_loop()
            newest = next(reversed(self._watched.values()))
            interval = BRISK_SWEEP if newest + YOUNG > loop.time() else SWEEP
            self._timer = loop.call_later(interval, self._look)

    def _look_at_all(self) -> None:
        self._next_full = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._look()

    def _look(self) -> None:
        self._timer = None
        if self._looking is None and self._watched:
            self._looking = asyncio.get_running_loop().create_task(self._sweep())

    async def _sweep(self) -> None:
        try:
            texts = self._to_look_at(asyncio.get_running_loop().time())
            over = await self._scripts.ask("over", (), [(text,) for text in texts])
            self._tell([text for text, is_over in zip(texts, over, strict=True) if is_over is True])
        except EngineError:  # the next look finds what this one did not
            pass
        finally:
            self._looking = None
            self._plan()

    def _to_look_at(self, now: float) -> list[str]:
        if now < self._next_full:
            return [text for text, since in self._watched.items() if since + YOUNG > now]
        self._next_full = now + SWEEP
        if now >= self._next_question:
            self._next_question = now + SIGN_OF_LIFE
            self._subscription.ask()
        return list(self._watched)


def _goes_on(found: object) -> bool:
    return isinstance(found, tuple) and found[0].state not in TERMINAL_STATES
