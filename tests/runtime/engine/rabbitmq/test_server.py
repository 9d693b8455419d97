from __future__ import annotations

import pytest

from mog.engine.rabbitmq.server import PROFILES, ServerInfo


@pytest.mark.parametrize(
    ("text", "version"),
    [("3.10.8", (3, 10, 8)), ("4.0.0-rc.1", (4, 0, 0)), ("4.3.2+7", (4, 3, 2)), ("4", (4,)), ("", ()), ("x", ())],
)
def test_versions_are_read(text: str, version: tuple[int, ...]) -> None:
    assert ServerInfo.read({"product": "RabbitMQ", "version": text}) == ServerInfo("RabbitMQ", version)


def test_a_server_that_says_nothing_counts_as_the_oldest() -> None:
    assert ServerInfo.read({}) == ServerInfo("unknown", ())
    assert ServerInfo.read({}).profile() is PROFILES[-1]


@pytest.mark.parametrize(
    ("version", "transient_shared_queues", "quorum_priorities", "requeue_counts"),
    [
        ((3, 10, 8), True, 1, True),
        ((3, 13, 7), True, 1, True),
        ((4, 0, 1), True, 2, True),
        ((4, 2, 5), True, 2, True),
        ((4, 3), False, 32, False),
        ((5, 0), False, 32, False),
    ],
)
def test_what_versions_mean(
    version: tuple[int, ...], transient_shared_queues: bool, quorum_priorities: int, requeue_counts: bool
) -> None:
    profile = ServerInfo("RabbitMQ", version).profile()
    assert profile.transient_shared_queues is transient_shared_queues
    assert profile.quorum_priorities == quorum_priorities
    assert profile.requeue_counts is requeue_counts


def test_each_profile_has_its_source() -> None:
    assert [profile.since for profile in PROFILES] == sorted((profile.since for profile in PROFILES), reverse=True)
    assert all(profile.source.startswith("https://") for profile in PROFILES)
