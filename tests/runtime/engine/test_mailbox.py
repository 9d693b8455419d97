from __future__ import annotations

import asyncio
import threading

import pytest

from mog.engine.mailbox import Mailbox


@pytest.fixture
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def turn(loop):
    loop.call_soon(loop.stop)
    loop.run_forever()


def test_a_burst_is_one_list_in_its_order(loop):
    taken = []
    mailbox = Mailbox(loop, taken.append)
    for n in range(5):
        mailbox.put(n)
    assert taken == []
    turn(loop)
    assert taken == [[0, 1, 2, 3, 4]]


def test_what_is_put_while_it_is_taken_comes_next(loop):
    taken = []

    def take(items):
        taken.append(items)
        if len(taken) == 1:
            mailbox.put("more")

    mailbox = Mailbox(loop, take)
    mailbox.put("first")
    turn(loop)
    turn(loop)
    assert taken == [["first"], ["more"]]


def test_what_is_added_waits_for_a_ring(loop):
    taken = []
    mailbox = Mailbox(loop, taken.append)
    mailbox.add(1)
    turn(loop)
    assert taken == []
    mailbox.ring()
    turn(loop)
    assert taken == [[1]]


def test_a_closed_loop_loses_items_loudly(loop):
    lost = []
    mailbox = Mailbox(loop, lambda _: None, lost.append)
    mailbox.put(1)
    loop.close()
    mailbox.put(2)
    assert lost == []  # the wake-up of the first was on its way when the loop closed
    mailbox.give_up()
    assert lost == [[1, 2]]
    mailbox.put(3)
    assert lost == [[1, 2], [3]]


def test_an_interrupted_wake_up_is_made_up_for(loop, monkeypatch):
    taken = []
    mailbox = Mailbox(loop, taken.append)
    wake = loop.call_soon_threadsafe

    def interrupted(*args):
        monkeypatch.setattr(loop, "call_soon_threadsafe", wake)
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "call_soon_threadsafe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mailbox.put(1)
    mailbox.put(2)
    turn(loop)
    assert taken == [[1, 2]]


def test_nothing_is_lost_or_doubled_between_threads(loop):
    taken = []
    done = threading.Event()

    def take(items):
        taken.extend(items)
        if len(taken) == 4 * 5000:
            done.set()
            loop.stop()

    mailbox = Mailbox(loop, take)
    threads = [
        threading.Thread(target=lambda base: [mailbox.put(base + n) for n in range(5000)], args=(t * 5000,))
        for t in range(4)
    ]
    loop.set_debug(False)
    loop.call_later(20, loop.stop)
    for thread in threads:
        thread.start()
    loop.run_forever()
    for thread in threads:
        thread.join()
    assert done.is_set()
    assert sorted(taken) == list(range(20000))
