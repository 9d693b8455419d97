"""As a web server with preloading does: opens the app, forks, and each child submits on the app of its parent."""

from __future__ import annotations

import os
import sys
import traceback

from tests.chaos.lives import app

CHILDREN = 3


def main() -> int:
    parent_id = app.submit_blocking("life.ping").get_blocking(timeout=15)
    children = [start_child() for _ in range(CHILDREN)]
    assert app.submit_blocking("life.ping").get_blocking(timeout=15) == parent_id
    return sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children)


def start_child() -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        for _ in range(3):
            assert app.submit_blocking("life.ping").get_blocking(timeout=15) > 0
        code = 0
    except Exception:  # noqa: BLE001 - told on the way out; a forked child must not go on with its parent's program
        traceback.print_exc()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
