from __future__ import annotations

import pytest

from mog.engine.rabbitmq.server import ServerInfo


@pytest.mark.parametrize(
    ("text", "version"),
    [("3.10.8", (3, 10, 8)), ("4.0.0-rc.1", (4, 0, 0)), ("4.3.2+7", (4, 3, 2)), ("4", (4,)), ("", ()), ("x", ())],
)
def test_versions_are_read(text: str, version: tuple[int, ...]) -> None:
    assert ServerInfo.read({"product": "RabbitMQ", "version": text}) == ServerInfo("RabbitMQ", version)


def test_a_server_that_says_nothing_counts_as_the_oldest() -> None:
    assert ServerInfo.read({}) == ServerInfo("unknown", ())
    assert ServerInfo.read({}).allows_transient_queues


@pytest.mark.parametrize(
    ("version", "allowed"),
    [((3, 10, 8), True), ((3, 13, 7), True), ((4, 0, 1), True), ((4, 2, 5), True), ((4, 3), False), ((5, 0), False)],
)
def test_transient_queues_end_with_4_3(version: tuple[int, ...], allowed: bool) -> None:
    assert ServerInfo("RabbitMQ", version).allows_transient_queues is allowed
