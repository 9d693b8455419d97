"""The embedded engine keeps the contracts, on a file and in memory."""

from mog.testing.conformance import (
    BrokerConformance,
    CallingOffConformance,
    ResultConformance,
    StateConformance,
    WaitingConformance,
)


class TestBroker(BrokerConformance): ...


class TestResults(ResultConformance): ...


class TestWaiting(WaitingConformance): ...


class TestState(StateConformance): ...


class TestCallingOff(CallingOffConformance): ...
