"""URLs of Redis."""

import ssl

import pytest

from mog.engine.redis.settings import RedisSettings
from mog.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://", ("localhost", 6379, 0, None, None)),
        ("redis://host", ("host", 6379, 0, None, None)),
        ("redis://host:7000/3", ("host", 7000, 3, None, None)),
        ("redis://host?db=4", ("host", 6379, 4, None, None)),
        ("redis://:secret@host/", ("host", 6379, 0, None, "secret")),
        ("redis://me:se%40cret%2F@[::1]:7/0", ("::1", 7, 0, "me", "se@cret/")),
        ("rediss://me:x@host", ("host", 6379, 0, "me", "x")),
    ],
)
def test_parts_of_a_url(url: str, expected: tuple[object, ...]) -> None:
    settings = RedisSettings.from_url(url)
    assert (settings.host, settings.port, settings.database, settings.user, settings.password) == expected
    assert (settings.tls is not None) == url.startswith("rediss:")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("amqp://host", "begins with redis: or rediss:"),
        ("redis://:secret@host:99999", "the port"),
        ("redis://:secret@host:port", "the port"),
        ("redis://:secret@host/first", "not 'first'"),
        ("redis://:secret@host?max_connections=3", "no option 'max_connections'; it may have db"),
        ("redis://:secret@host?ssl_cert_reqs=none", "no option 'ssl_cert_reqs'"),
        ("rediss://:secret@host?ssl_ca_certs=/no/such/file", "certificates"),
    ],
)
def test_what_is_wrong_gets_one_line_without_credentials(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        RedisSettings.from_url(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_that_is_shown_holds_credentials() -> None:
    settings = RedisSettings.from_url("rediss://me:secret@host/2")
    assert str(settings) == "rediss://host:6379/2"
    assert "secret" not in repr(settings)
    assert str(RedisSettings.from_url("redis://:secret@[::1]")) == "redis://[::1]:6379/0"


def test_certificates_are_checked_unless_the_url_says_otherwise() -> None:
    def tls(options: str) -> ssl.SSLContext:
        context = RedisSettings.from_url(f"rediss://host?{options}").tls
        assert context is not None
        return context

    assert (tls("").check_hostname, tls("").verify_mode) == (True, ssl.CERT_REQUIRED)
    lenient = tls("ssl_check_hostname=false")
    assert (lenient.check_hostname, lenient.verify_mode) == (False, ssl.CERT_REQUIRED)
    blind = tls("ssl_cert_reqs=none")
    assert (blind.check_hostname, blind.verify_mode) == (False, ssl.CERT_NONE)
