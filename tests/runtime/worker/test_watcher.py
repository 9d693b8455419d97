"""When it is told that a loop is blocked, and how it is: on clocks that the test turns, without a loop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from mog.config import GuardConfig
from mog.worker.alarm import LoopBlocked, LoopFreed, Manner
from mog.worker.culprit import Culprit
from mog.worker.thread_clock import Spent
from mog.worker.watcher import Watcher


@dataclass
class Loop:
    """A loop that does what the test says, its pulse, and the thread that watches it."""

    now: float = 100.0
    due: float | None = 100.2
    spent: Spent | None = field(default_factory=lambda: Spent(0.0))
    process_cpu: float = 0.0
    news: list[LoopBlocked | LoopFreed] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.watcher = Watcher(
            self,  # type: ignore[arg-type]  # what a watcher wants of a pulse
            GuardConfig(warn=1.0, limit=15.0),
            self.see,
            self.hear,
            clock=lambda: self.now,
            thread_clock=lambda: self.spent,
            process_clock=lambda: self.process_cpu,
        )

    @property
    def late(self) -> float:
        return 0.0 if self.due is None else max(0.0, self.now - self.due)

    def see(self) -> Callable[[bool], Culprit]:
        self.events.append("seen")
        seen = f"seen at {self.now:g}"
        return lambda elsewhere: Culprit(None, f"{seen} elsewhere" if elsewhere else seen)

    def hear(self, news: LoopBlocked | LoopFreed) -> None:
        self.events.append(type(news).__name__)
        self.news.append(news)
        self.heard.set()

    def run_for(self, seconds: float, *, cpu: float = 0.0, queueing: float = 0.0, others: float = 0.0) -> None:
        self.now += seconds
        if self.spent is not None:
            self.spent = Spent(self.spent.computing + cpu, self.spent.queueing + queueing)
        self.process_cpu += cpu + others

    def beat(self) -> None:
        due, late = self.due, self.late
        self.due = self.now + 0.2
        assert due is not None
        self.watcher.take_beat(due, late)

    def look(self) -> float | None:
        wait = self.watcher.look()
        return None if wait is None else round(wait, 6)


@pytest.fixture
def loop() -> Loop:
    return Loop()


def test_idle_loop_is_looked_at_when_a_beat_would_be_too_late(loop: Loop) -> None:
    assert loop.look() == 1.2
    for _ in range(6):
        loop.run_for(0.2)
        loop.beat()
    assert loop.look() == 1.2
    assert loop.news == []


def test_blocked_loop_is_told_of_at_warn_and_at_limit_and_at_its_end(loop: Loop) -> None:
    loop.run_for(1.2)
    assert loop.look() == 14.0
    loop.run_for(14.0)
    assert loop.look() is None, "nothing more is to be told before the end"
    loop.run_for(5.0)
    loop.beat()
    assert loop.look() == 1.2
    first, second, third = loop.news
    assert first == LoopBlocked(1.0, Manner.WAITS, Culprit(None, "seen at 101.2"))
    assert second == LoopBlocked(15.0, Manner.WAITS, Culprit(None, "seen at 115.2"), unready=True)
    assert third == LoopFreed(20.0, second)


def test_each_block_is_told_of(loop: Loop) -> None:
    for _ in range(2):
        loop.run_for(1.5)
        loop.look()
        loop.beat()
        loop.look()
    assert [type(news) for news in loop.news] == [LoopBlocked, LoopFreed] * 2


def test_who_blocks_is_looked_at_before_anything_is_told(loop: Loop) -> None:
    loop.run_for(1.2)
    loop.look()
    loop.run_for(0.5)
    loop.beat()
    loop.run_for(2.0)
    loop.look()
    assert loop.events == ["seen", "LoopBlocked", "seen", "LoopFreed", "LoopBlocked"]
    assert loop.news[1] == LoopFreed(pytest.approx(1.5), loop.news[0])


def test_other_threads_look_once_the_watcher_is_overdue(loop: Loop) -> None:
    loop.run_for(1.25)
    loop.watcher.glance()
    assert loop.events == [], "the watcher may be about to look"
    loop.run_for(1.0)
    loop.watcher.glance()
    loop.watcher.glance()
    loop.beat()
    assert loop.look() == 1.2
    assert loop.events == ["seen", "LoopBlocked", "LoopFreed"]
    blocked, freed = loop.news
    assert freed == LoopFreed(pytest.approx(2.05), blocked)


def test_what_two_threads_have_seen_is_told_once(loop: Loop) -> None:
    see = loop.see

    def see_late() -> Callable[[bool], Culprit]:
        loop.watcher._see = see
        loop.look()  # another thread comes in between
        return see()

    loop.watcher._see = see_late
    loop.run_for(2.0)
    loop.watcher.glance()
    loop.look()
    assert loop.events == ["seen", "LoopBlocked", "seen"]


def test_end_that_comes_while_another_thread_looks(loop: Loop) -> None:
    """It is overwritten by the end of a later block, and that block is told with its own."""
    loop.run_for(2.0)
    loop.look()
    loop.beat()
    loop.run_for(3.0)
    loop.watcher.glance()
    loop.beat()
    loop.look()
    first, second, freed = loop.news
    assert freed == LoopFreed(pytest.approx(2.8), second)
    assert first != second


def test_block_that_nobody_saw(loop: Loop) -> None:
    loop.run_for(2.2)
    loop.beat()
    loop.look()
    assert loop.news == [LoopFreed(2.0, None)]


def test_stopped_pulse(loop: Loop) -> None:
    loop.due = None
    loop.run_for(30.0)
    assert loop.look() is None
    assert loop.news == []


@pytest.mark.parametrize(
    ("spends", "kept", "manner"),
    [
        ({"others": 1.2}, 0.0, Manner.WAITS),
        ({"cpu": 0.1}, 0.0, Manner.WAITS),
        ({"cpu": 1.1}, 0.0, Manner.COMPUTES),
        ({"cpu": 0.3, "queueing": 0.8}, 0.0, Manner.COMPUTES),
        ({"cpu": 1.3}, 0.1, Manner.COMPUTES),
        ({"cpu": 4.0, "others": 0.1}, 3.0, Manner.HOLDS_LOCK),
        ({"cpu": 0.8, "queueing": 3.0}, 3.0, Manner.HOLDS_LOCK),
        ({"cpu": 0.01, "others": 0.01}, 3.0, Manner.STANDS_STILL),
    ],
)
def test_manners(loop: Loop, spends: dict[str, float], kept: float, manner: Manner) -> None:
    loop.run_for(1.2 + kept, **spends)
    loop.look()
    [news] = loop.news
    assert isinstance(news, LoopBlocked)
    assert news.manner is manner
    assert not news.culprit.activity.endswith(" elsewhere")


def test_another_thread_holds_the_lock(loop: Loop) -> None:
    loop.run_for(4.2, cpu=0.1, queueing=3.0, others=1.0)
    loop.look()
    [news] = loop.news
    assert isinstance(news, LoopBlocked)
    assert news.manner is Manner.HOLDS_LOCK
    assert news.culprit.activity.endswith(" elsewhere")


@pytest.mark.parametrize(("kept", "manner"), [(0.0, Manner.BLOCKS), (3.0, Manner.HOLDS_LOCK)])
def test_manners_where_a_thread_has_no_clock(loop: Loop, kept: float, manner: Manner) -> None:
    loop.spent = None
    loop.run_for(1.2 + kept, others=1.2 + kept)
    loop.look()
    [news] = loop.news
    assert isinstance(news, LoopBlocked)
    assert news.manner is manner


def test_loop_that_is_free_again_while_it_is_looked_at(loop: Loop) -> None:
    see = loop.see

    def see_slowly() -> Callable[[bool], Culprit]:
        judge = see()
        loop.run_for(0.1)
        loop.beat()
        return judge

    loop.watcher._see = see_slowly
    loop.run_for(4.0, cpu=4.0)
    loop.look()
    blocked, freed = loop.news
    assert isinstance(blocked, LoopBlocked)
    assert blocked.manner is Manner.HOLDS_LOCK, "by what it did while it was blocked"
    assert freed == LoopFreed(pytest.approx(3.9), blocked)


def test_alarm_that_fails_is_shown_and_called_again(loop: Loop, capfd: pytest.CaptureFixture[str]) -> None:
    def fail(news: LoopBlocked | LoopFreed) -> None:
        loop.hear(news)
        raise ZeroDivisionError("no sum")

    loop.watcher._alarm = fail
    loop.run_for(1.2)
    loop.look()
    loop.beat()
    loop.look()
    assert len(loop.news) == 2
    assert capfd.readouterr().err.count("ZeroDivisionError: no sum") == 2


# -- the thread


@pytest.fixture
def thread(loop: Loop) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=loop.watcher.run)
    yield thread
    loop.watcher.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_thread_tells_of_a_block_and_of_its_end_by_itself(loop: Loop, thread: threading.Thread) -> None:
    loop.run_for(1.2)
    thread.start()
    assert loop.heard.wait(10)
    loop.heard.clear()
    loop.beat()
    assert loop.heard.wait(10)
    assert [type(news) for news in loop.news] == [LoopBlocked, LoopFreed]


def test_thread_tells_the_last_news_when_it_is_stopped(loop: Loop, thread: threading.Thread) -> None:
    loop.run_for(1.2)
    loop.beat()
    loop.watcher.stop()
    thread.start()
    thread.join(10)
    assert [type(news) for news in loop.news] == [LoopFreed]
