"""The conformance suite for engines: what the contracts promise, each promise a test.

An engine's author subclasses the suites and gives each a fixture ``kit``::

    class TestBroker(BrokerConformance):
        @pytest.fixture
        async def kit(self, tmp_path):
            return MyKit(tmp_path)

The tests are plain ``async def test_…(self, kit)`` methods; pytest-asyncio in its auto mode runs them. What a contract
does not promise is not tested: engines are free there.
"""

from mog.testing.conformance.broker import BrokerConformance
from mog.testing.conformance.calling_off import CallingOffConformance
from mog.testing.conformance.kit import Deliveries, EngineKit, Submitter
from mog.testing.conformance.results import ResultConformance
from mog.testing.conformance.state import StateConformance
from mog.testing.conformance.waiting import WaitingConformance

__all__ = [
    "BrokerConformance",
    "CallingOffConformance",
    "Deliveries",
    "EngineKit",
    "ResultConformance",
    "StateConformance",
    "Submitter",
    "WaitingConformance",
]
