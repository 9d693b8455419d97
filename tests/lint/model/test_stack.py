"""Room for deep trees."""

import sys
import threading

import pytest

from mog_lint.model.stack import RECURSION_LIMIT, STACK_BYTES, deep_recursion, with_large_stack


def test_with_large_stack_returns_and_raises() -> None:
    before = threading.stack_size()
    assert with_large_stack(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        with_large_stack(lambda: 1 // 0)
    assert threading.stack_size() == before


def test_without_room_for_a_large_stack_the_callers_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(size: int = 0) -> int:
        if size == STACK_BYTES:
            raise ValueError("no such stack")
        return 0

    monkeypatch.setattr(threading, "stack_size", refuse)
    assert with_large_stack(threading.current_thread) is threading.current_thread()


def test_deep_recursion_ends_with_its_block() -> None:
    before = sys.getrecursionlimit()
    with deep_recursion():
        assert sys.getrecursionlimit() == RECURSION_LIMIT
    assert sys.getrecursionlimit() == before
