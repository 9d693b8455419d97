from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from mog.worker.signals import SignalWatch


@pytest.fixture
def heard():
    """What a watch has heard, and a condition to wait for it."""

    class Heard(list):
        def __call__(self, count, signum):
            self.append((count, signum, threading.current_thread().name))

        def until(self, count):
            deadline = time.monotonic() + 5
            while len(self) < count:
                assert time.monotonic() < deadline, f"heard only {self}"
                time.sleep(0.001)

    return Heard()


def kill(signum=signal.SIGTERM):
    os.kill(os.getpid(), signum)


def test_first_and_second_signal(heard):
    with SignalWatch(heard) as watch:
        assert watch.enabled
        kill()
        heard.until(1)
        kill(signal.SIGINT)
        heard.until(2)
    assert heard == [(1, signal.SIGTERM, "mog-watch"), (2, signal.SIGINT, "mog-watch")]
    assert not watch.enabled


def test_what_was_there_before_is_back(heard):
    before = [signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)]
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    signal.set_wakeup_fd(ours.fileno())
    try:
        watch = SignalWatch(heard).start()
        assert signal.getsignal(signal.SIGTERM) not in before
        watch.stop()
        watch.stop()
        assert [signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)] == before
        assert signal.set_wakeup_fd(-1) == ours.fileno()
    finally:
        signal.set_wakeup_fd(-1)
        ours.close()
        theirs.close()
    assert not any(thread.name == "mog-watch" for thread in threading.enumerate())


def test_the_descriptor_of_before_still_hears(heard):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(5)
    signal.set_wakeup_fd(ours.fileno())
    previous = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with SignalWatch(heard):
            kill(signal.SIGUSR1)
            assert theirs.recv(1) == bytes((signal.SIGUSR1,))
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGUSR1, previous)
        ours.close()
        theirs.close()
    assert heard == []


def test_a_loop_that_takes_the_descriptor_later(heard):
    async def main():
        loop = asyncio.get_running_loop()
        usr1 = asyncio.Event()
        with SignalWatch(heard):
            loop.add_signal_handler(signal.SIGUSR1, usr1.set)
            kill()
            heard.until(1)
            kill(signal.SIGUSR1)
            await asyncio.wait_for(usr1.wait(), 5)
            loop.remove_signal_handler(signal.SIGUSR1)

    asyncio.run(main())


def test_ctrl_c_under_asyncio_run_is_ours(heard):
    async def main():
        with SignalWatch(heard):
            kill(signal.SIGINT)
            heard.until(1)
            await asyncio.sleep(0.01)  # asyncio's own handler would have cancelled this task

    asyncio.run(main())
    with SignalWatch(heard):
        asyncio.run(asyncio.sleep(0))
        kill(signal.SIGINT)
        heard.until(2)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_off_the_main_thread_it_does_nothing(heard):
    def start():
        watches.append(SignalWatch(heard).start())
        watches[0].stop()

    watches = []
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert not watches[0].enabled
    assert heard == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_callback_that_fails_does_not_end_the_watch(heard, capfd):
    def fail_first(count, signum):
        heard(count, signum)
        if count == 1:
            raise ValueError("no luck")

    with SignalWatch(fail_first):
        kill()
        heard.until(1)
        kill()
        heard.until(2)
    assert "ValueError: no luck" in capfd.readouterr().err


# -- processes

PRELUDE = """
import asyncio, os, signal, socket, sys, threading, time
from mog.worker.signals import SignalWatch
def on_signal(count, signum):
    os.write(1, f"{count} {signal.Signals(signum).name}\\n".encode())
    if count == 2:
        os._exit(7)
"""


def start_program(body):
    program = subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", "-c", PRELUDE + textwrap.dedent(body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout.readline() == "ready\n", program.communicate()
    return program


BLOCKED = {
    "sleep": "time.sleep(60)",
    "python": "while True: pass",
    "socket": "ends = socket.socketpair(); ends[0].recv(1)",
    "lock": "threading.Lock().acquire() and threading.Event().wait()",
}


@pytest.mark.parametrize("how", BLOCKED)
def test_a_blocked_loop(how):
    program = start_program(f"""
        async def main():
            with SignalWatch(on_signal):
                print("ready", flush=True)
                {BLOCKED[how]}
        asyncio.run(main())
    """)
    with program:
        try:
            program.send_signal(signal.SIGTERM)
            assert program.stdout.readline() == "1 SIGTERM\n"
            program.send_signal(signal.SIGINT)
            assert program.stdout.readline() == "2 SIGINT\n"
            assert program.wait(5) == 7
        finally:
            program.kill()


@pytest.mark.parametrize("end", ["exits", "is killed"])
def test_a_forked_child_has_its_own_signals(end):
    program = start_program(f"""
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        watch = SignalWatch(on_signal).start()
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                if {end == "exits"}:
                    sys.exit(0)
                time.sleep(60)
            if {end == "exits"}:
                assert os.waitpid(pid, 0)[1] == 0
            else:
                os.kill(pid, signal.SIGTERM)
                assert os.waitpid(pid, 0)[1] == signal.SIGTERM
        print("ready", flush=True)
        time.sleep(60)
    """)
    with program:
        try:
            program.send_signal(signal.SIGTERM)
            assert program.stdout.readline() == "1 SIGTERM\n"  # the first that the parent has got
        finally:
            program.kill()


def test_an_unstopped_watch_ends_with_the_process():
    program = start_program("""
        watch = SignalWatch(on_signal).start()
        print("ready", flush=True)
    """)
    assert program.communicate(timeout=10) == ("", "")
    assert program.returncode == 0
