"""Two releases of an app at once, as during a rolling upgrade: which tasks go where, and what one cannot do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from tests.runtime.leftovers import queues_of, remove

from mog import App, Context, Result
from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.redis.client import Client
from mog.engine.redis.settings import RedisSettings
from mog.errors import InvalidTaskArguments, StoreTooNew
from mog.states import ResultState
from mog.testing.conformance.kit import Deliveries, eventually
from mog.worker import attempt

from .conftest import DistributedKit

Release = Callable[[], App]


@pytest.fixture
async def release(amqp_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Release]:
    """Makes releases of one app; none has tasks yet."""
    monkeypatch.setattr(attempt, "PARK", 0.1)
    name, releases = f"test-{uuid4().hex[:12]}", list[App]()

    def make() -> App:
        releases.append(App(name, broker=amqp_url, results=redis_url, grace=0.2))
        return releases[-1]

    yield make
    queues = set[str]()
    for app in releases:
        queues |= queues_of(app.port().engine)
        await app.close()
    await remove(name, queues, RabbitSettings.from_url(amqp_url), RedisSettings.from_url(redis_url))


async def parked(result: Result[object]) -> None:
    """Wait until a worker has put a task back that it does not know, which is as if it had not begun."""

    async def waits() -> bool:
        await result.refresh()
        return result.due is not None and result.state is ResultState.PENDING and result.number_of_starts == 0

    await eventually(waits)


async def test_a_task_that_the_old_release_lacks_waits_for_the_new_one(release: Release) -> None:
    old, new = release(), release()

    @new.task(name="shop.refund")
    async def refund(context: Context, amount: int) -> int:
        return amount

    async with old.worker():
        result = await new.submit(refund, 5)
        await parked(result)
        async with new.worker():
            assert await result == 5
    assert (result.number_of_starts, result.number_of_stops) == (1, 1), "what was parked costs no attempt"


async def test_an_alias_lets_the_old_release_submit_under_the_old_name(release: Release) -> None:
    old, new = release(), release()

    @old.task(name="shop.pay")
    async def pay(context: Context, amount: int) -> str:
        return f"old {amount}"

    @new.task(name="shop.charge", aliases=("shop.pay",))
    async def charge(context: Context, amount: int) -> str:
        return f"new {amount}"

    async with new.worker():
        assert await old.run(pay, 1) == "new 1"
    async with old.worker():
        by_old_name, by_new_name = await new.submit("shop.pay", 2), await new.submit(charge, 3)
        assert await by_old_name == "old 2"
        await parked(by_new_name)
        async with new.worker():
            assert await by_new_name == "new 3"


async def test_a_changed_signature_is_refused_by_the_release_that_does_not_fit(release: Release) -> None:
    old, new = release(), release()

    @old.task(name="shop.pay")
    async def pay(context: Context, amount: int) -> str:
        return f"old {amount}"

    @new.task(name="shop.pay")
    async def pay_in(context: Context, amount: int, currency: str) -> str:
        return f"new {amount} {currency}"

    async with new.worker():
        with pytest.raises(InvalidTaskArguments, match=r"shop\.pay.*currency"):
            await old.run(pay, 1)
    async with old.worker():
        result = await new.submit(pay_in, 1, "EUR")
        with pytest.raises(InvalidTaskArguments, match=r"shop\.pay"):
            await result
    assert result.state is ResultState.INVALID


async def test_a_parameter_with_a_default_fits_both_releases(release: Release) -> None:
    old, new = release(), release()

    @old.task(name="shop.pay")
    async def pay(context: Context, amount: int) -> str:
        return f"old {amount}"

    @new.task(name="shop.pay")
    async def pay_in(context: Context, amount: int, currency: str = "EUR") -> str:
        return f"new {amount} {currency}"

    async with new.worker():
        assert await old.run(pay, 1) == "new 1 EUR"
    async with old.worker():
        assert await new.run("shop.pay", 1) == "old 1"


async def set_schema(kit: DistributedKit, number: int) -> None:
    """Let a newer release of mog have been here."""
    client = Client(kit.redis)
    await client.open()
    await client.call([("SET", f"{kit.app}.mog.schema", number)])
    await client.close()


async def test_a_store_of_a_newer_release_is_not_touched(kit: DistributedKit) -> None:
    await set_schema(kit, 2)
    with pytest.raises(StoreTooNew, match=r"a newer mog keeps app .* \(schema 2\).* up to 1: upgrade mogkit"):
        await kit.make().open()
    await set_schema(kit, 1)
    await kit.make().open()


async def test_a_worker_ends_when_a_newer_release_has_come(kit: DistributedKit) -> None:
    async with kit.engine() as engine:
        deliveries = await Deliveries.begin(engine, slots=1)
        await set_schema(kit, 2)
        async with asyncio.timeout(10):
            with pytest.raises(StoreTooNew):
                await deliveries.consumer.stopped()
