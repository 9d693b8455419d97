"""What lies ahead of free slots."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from mog.engine.distributed.held import Held, Source
from mog.engine.distributed.start_queue import StartQueue
from mog.engine.rabbitmq.messages import Receipt
from mog.engine.redis.answers import Arrival


def held(priority: int = 5, queue: str = "tasks", since: float = 0.0, tag: int = 1) -> Held:
    return Held(Arrival(uuid4(), 0, queue, priority, b"{}"), Receipt(1, tag), Source(10), since)


def ids(batch: list[Held]) -> list[UUID]:
    return [one.arrival.id for one in batch]


@given(st.lists(st.lists(st.integers(0, 10), max_size=8), max_size=6), st.integers(1, 5))
def test_the_highest_priority_first_and_then_who_came_first(bursts: list[list[int]], slots: int) -> None:
    queue, waiting, number = StartQueue(), list[Held](), 0
    for burst in bursts:
        came = [held(priority, tag=number + at) for at, priority in enumerate(burst)]
        number += len(burst)
        queue.put(came)
        waiting = sorted([*waiting, *came], key=lambda one: (-one.arrival.priority, one.receipt.tag))
        taken, waiting = waiting[:slots], waiting[slots:]
        assert queue.take(slots) == taken
        assert len(queue) == len(waiting)
    assert queue.take_all() == waiting


def test_some_queues_are_taken_out_and_the_order_of_the_rest_stays() -> None:
    queue = StartQueue()
    batch = [held(priority, name) for name in ("a", "b", "c") for priority in (1, 9, 5)]
    queue.put(batch)
    assert queue.count_of("b") == 3
    assert {one.arrival.queue for one in queue.take_of({"b", "x"})} == {"b"}
    assert [one.arrival.priority for one in queue.take_all()] == [9, 9, 5, 5, 1, 1]


def test_what_is_older_is_taken_out() -> None:
    queue = StartQueue()
    old, new = held(since=1.0), held(since=2.0)
    queue.put([new, old])
    assert ids(queue.take_older(2.0)) == ids([old])
    assert queue.take_older(2.0) == []
    assert ids(queue.take_all()) == ids([new])
