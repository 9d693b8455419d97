"""For the tests of applications: an app on the bench, time that a test turns, and the suite that an engine must pass.

See docs/testing.md. :mod:`mog.testing.conformance` is for those who write engines.
"""

from mog.testing.bench import Bench, LoopWasBlocked, NotSettled, running
from mog.testing.clock import VirtualClock
from mog.testing.fixtures import bench_of, create_app_fixture

__all__ = ["Bench", "LoopWasBlocked", "NotSettled", "VirtualClock", "bench_of", "create_app_fixture", "running"]
