"""The engine on RabbitMQ and Redis keeps the contracts."""

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
