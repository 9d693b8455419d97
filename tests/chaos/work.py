"""Runs a worker as a process: ``python -m tests.chaos.work MODULE [--once] [--show] [--concurrency N]``.

MODULE holds the App under the name ``app``, which the environment configures. The exit code is the worker's own,
or REFUSED.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys

from mog.errors import MogError
from mog.worker.run import run_worker

REFUSED = 3
"""Exit code where an engine does not let the worker begin."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--show", action="store_true", help="print what the worker tells its observer")
    parser.add_argument("--concurrency", type=int)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    app = importlib.import_module(options.module).app
    try:
        return run_worker(
            app, once=options.once, concurrency=options.concurrency, observer=print if options.show else None
        )
    except MogError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return REFUSED


if __name__ == "__main__":
    sys.exit(main())
