"""The way back: what waits in the store is published for processes that look for it nowhere but in RabbitMQ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mog.engine.records import Unparked
from mog.errors import ConfigError

if TYPE_CHECKING:
    from mog.app import App


def check_engine(app: App) -> None:
    """Raise ConfigError on an engine that keeps nothing back from its queues."""
    scheme = app.config.broker.partition(":")[0]
    if scheme not in ("amqp", "amqps"):
        raise ConfigError(
            f"nothing is to be unparked on {scheme}: what waits is in its queue already; "
            "unpark is for apps on RabbitMQ and Redis"
        )


async def unpark(app: App, queues: Iterable[str] = ()) -> Unparked:
    """Publish what waits in the store, in ``queues`` or in all, to run at once; names are short.

    For a roll-back to Mognet, or to an older release that cannot read the store, once no worker of this one is left:
    see :meth:`Broker.unpark`. Raises ConfigError on the embedded engine.
    """
    check_engine(app)
    full_names = [app.queues.full_name(queue) for queue in queues]
    unparked: Unparked = await app.port().run(lambda engine: engine.broker.unpark(full_names))
    short = {app.queues.short_name(name): count for name, count in unparked.published.items()}
    return unparked._replace(published=short)
