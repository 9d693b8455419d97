"""One-line texts about what is wrong."""

import pytest

from mog.validation import did_you_mean, redact, shorten


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://user:secret@host:6379/0", "redis://user:***@host:6379/0"),
        ("redis://:secret@host/0", "redis://:***@host/0"),
        ("amqp://user:se:cr@et@host/vhost", "amqp://user:***@host/vhost"),
        ("amqp://user:se/cr?e#t@host/vhost", "amqp://user:***@host/vhost"),
        ("amqp://user@host/vhost", "amqp://user@host/vhost"),
        ("sqlite:///.mog/mog.db", "sqlite:///.mog/mog.db"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("no url", "no url"),
        ("['redis://:secret@a', 'redis://:secret@b']", "['redis://:***@a', 'redis://:***@b']"),
    ],
)
def test_passwords_of_urls_are_redacted(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_secrets_are_redacted_before_the_cut() -> None:
    assert shorten("redis://user:" + "s" * 100 + "@host", secret=True) == "'redis://user:***@host'"


def test_long_values_are_cut() -> None:
    assert shorten("x" * 100) == "'" + "x" * 59 + "..."
    assert shorten(10**5000) == "<int, whose repr raises ValueError>"


def test_nearest_name() -> None:
    assert did_you_mean("concurency", ["concurrency", "grace"]) == "did you mean 'concurrency'?"
    assert did_you_mean("x", ["concurrency", "grace"]) == ""
