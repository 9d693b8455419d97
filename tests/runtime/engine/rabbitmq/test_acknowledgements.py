"""A model of what the server has not got acknowledged yet, against tasks that end in any order."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from mog.engine.rabbitmq.acknowledgements import Acknowledgements, Settlement


class Server:
    """What RabbitMQ does with a channel's acknowledgements."""

    def __init__(self) -> None:
        self.last = 0
        self.unacked: set[int] = set()
        self.acked: set[int] = set()
        self.requeued: set[int] = set()

    def deliver(self) -> int:
        self.last += 1
        self.unacked.add(self.last)
        return self.last

    def hear(self, settlements: Iterable[Settlement]) -> None:
        for tag, upwards, back in settlements:
            assert tag in self.unacked, f"PRECONDITION_FAILED - unknown delivery tag {tag}"
            settled = {open_tag for open_tag in self.unacked if open_tag <= tag} if upwards else {tag}
            self.unacked -= settled
            (self.requeued if back else self.acked).update(settled)


class Books(RuleBasedStateMachine):
    """Tasks are delivered, end in any order, go back, are settled twice; now and then a write goes out."""

    tags = Bundle("tags")

    def __init__(self) -> None:
        super().__init__()
        self.server = Server()
        self.books = Acknowledgements()
        self.done: set[int] = set()
        self.back: set[int] = set()

    @rule(target=tags, count=strategies.integers(1, 20))
    def deliver(self, count: int) -> object:
        delivered = [self.server.deliver() for _ in range(count)]
        for tag in delivered:
            self.books.deliver(tag)
        return multiple(*delivered)

    @rule(ended=strategies.lists(consumes(tags), max_size=10))
    def finish(self, ended: list[int]) -> None:
        assert self.books.settle(ended) == bool(set(ended))
        self.done |= set(ended)

    @rule(ended=strategies.lists(consumes(tags), max_size=5))
    def hand_back(self, ended: list[int]) -> None:
        assert self.books.settle(ended, back=True) == bool(set(ended))
        self.back |= set(ended)

    @rule(tag=strategies.integers(-1, 100), back=strategies.booleans())
    def settle_again(self, tag: int, back: bool) -> None:
        """What is settled, or was never delivered, is passed over."""
        if tag not in self.server.unacked or tag in self.done | self.back:
            assert not self.books.settle([tag], back=back)

    @rule()
    def write(self) -> None:
        self.server.hear(self.books.take())
        assert self.server.acked == self.done
        assert self.server.requeued == self.back
        assert self.server.unacked == set(range(1, self.server.last + 1)) - self.done - self.back
        assert len(self.books) == len(self.server.unacked)
        assert self.books.take() == []

    @invariant()
    def nothing_is_settled_before_its_task_has_ended(self) -> None:
        assert self.server.acked <= self.done
        assert self.server.requeued <= self.back


BooksTest = Books.TestCase
BooksTest.settings = settings(max_examples=100, stateful_step_count=40)


@pytest.fixture
def books() -> Acknowledgements:
    books = Acknowledgements()
    for tag in range(1, 9):
        books.deliver(tag)
    return books


def ack(tag: int, upwards: bool = False) -> Settlement:
    return Settlement(tag, upwards, back=False)


def test_all_that_is_done_is_one_frame(books: Acknowledgements) -> None:
    books.settle([3, 1, 2, 4, 8, 7, 6, 5])
    assert books.take() == [ack(8, upwards=True)]


def test_what_ends_in_order_is_one_frame_each_time(books: Acknowledgements) -> None:
    books.settle([1, 2])
    assert books.take() == [ack(2, upwards=True)]
    books.settle([3])
    assert books.take() == [ack(3)]
    books.settle([4, 5])
    assert books.take() == [ack(5, upwards=True)]


def test_a_slow_task_keeps_nobody_waiting(books: Acknowledgements) -> None:
    books.settle([1, 2, 4, 5])
    assert books.take() == [ack(2, upwards=True), ack(4), ack(5)]
    books.settle([3, 6])
    assert books.take() == [ack(6, upwards=True)]


def test_what_goes_back_does_so_before_others_are_acknowledged_past_it(books: Acknowledgements) -> None:
    books.settle([2], back=True)
    books.settle([1, 3])
    assert books.take() == [Settlement(2, multiple=False, back=True), ack(3, upwards=True)]


def test_the_first_word_counts(books: Acknowledgements) -> None:
    books.settle([1], back=True)
    assert not books.settle([1])
    assert books.take() == [Settlement(1, multiple=False, back=True)]
