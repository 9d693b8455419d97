"""The clock that tests turn."""

from __future__ import annotations

import pytest

from mog.testing.clock import VirtualClock


def test_it_stands_still_until_it_is_turned() -> None:
    clock = VirtualClock(100.0)
    assert clock() == 100.0
    clock.advance(5)
    assert clock() == 105.0


def test_what_is_due_is_called_in_order_at_its_time() -> None:
    clock = VirtualClock(0.0)
    seen: list[tuple[str, float]] = []
    clock.call_at(7, lambda: seen.append(("b", clock())))
    clock.call_at(3, lambda: seen.append(("a", clock())))
    clock.call_at(20, lambda: seen.append(("c", clock())))
    clock.advance(10)
    assert seen == [("a", 3.0), ("b", 7.0)]
    assert clock() == 10.0


def test_what_is_cancelled_is_not_called() -> None:
    clock = VirtualClock(0.0)
    seen: list[int] = []
    cancel = clock.call_at(1, lambda: seen.append(1))
    clock.call_at(2, lambda: seen.append(2))
    cancel()
    clock.advance(5)
    cancel()
    assert seen == [2]


def test_what_a_callback_sets_is_called_in_the_same_turn() -> None:
    clock = VirtualClock(0.0)
    seen: list[float] = []
    clock.call_at(1, lambda: clock.call_at(2, lambda: seen.append(clock())))
    clock.advance(5)
    assert seen == [2.0]


def test_it_is_not_turned_back() -> None:
    with pytest.raises(ValueError, match="not turned back"):
        VirtualClock().advance(-1)


def test_next_call_leaves_out_what_is_cancelled() -> None:
    clock = VirtualClock(0.0)
    assert clock.next_call is None
    cancel = clock.call_at(3, lambda: None)
    clock.call_at(7, lambda: None)
    assert clock.next_call == 3
    cancel()
    assert clock.next_call == 7
    clock.advance(7)
    assert clock.next_call is None
