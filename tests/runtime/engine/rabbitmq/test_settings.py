from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest

from mog.engine.rabbitmq.settings import RabbitSettings, Tls
from mog.errors import ConfigError


def read(url: str) -> RabbitSettings:
    return RabbitSettings.from_url(url)


def test_a_whole_url() -> None:
    settings = read("amqp://ada:love%2Flace@rabbit.example:5673/my%2Fhost?heartbeat=7&connection_timeout=2500&name=me")
    assert (settings.host, settings.port) == ("rabbit.example", 5673)
    assert (settings.user, settings.password) == ("ada", "love/lace")
    assert settings.virtual_host == "my/host"
    assert (settings.heartbeat, settings.connect_timeout, settings.name) == (7, 2.5, "me")
    assert settings.tls is None


@pytest.mark.parametrize("url", ["amqp://rabbit", "amqp://rabbit/", "amqp://rabbit:5672/%2F"])
def test_what_a_url_leaves_out(url: str) -> None:
    assert read(url) == RabbitSettings(host="rabbit")


def test_no_password_is_not_the_default_one() -> None:
    settings = read("amqp://ada:@rabbit")
    assert (settings.user, settings.password) == ("ada", "")


def test_tls() -> None:
    settings = read("amqps://rabbit?cacertfile=ca.pem&certfile=me.pem&keyfile=key.pem&server_name_indication=other")
    assert settings.port == 5671
    assert settings.tls == Tls(cafile="ca.pem", certfile="me.pem", keyfile="key.pem", server_name="other")


@pytest.mark.parametrize("option", ["verify=verify_none", "no_verify_ssl=1"])
def test_tls_without_verification(option: str) -> None:
    tls = read(f"amqps://rabbit?{option}").tls
    assert tls is not None
    context = tls.context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_tls_verifies_unless_told_otherwise() -> None:
    tls = read("amqps://rabbit?verify=verify_peer&no_verify_ssl=0").tls
    assert tls is not None
    context = tls.context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_tls_options_without_tls_have_no_effect() -> None:
    assert read("amqp://rabbit?cafile=ca.pem").tls is None


def test_an_authority_in_the_url_itself() -> None:
    tls = read(f"amqps://rabbit?cadata={base64.b64encode(b'no certificate').decode()}").tls
    assert tls == Tls(cadata="no certificate")
    with pytest.raises(ConfigError, match=r"a certificate or key cannot be read .*cadata"):
        tls.context()


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read .*no\.pem"):
        Tls(cafile=str(tmp_path / "no.pem")).context()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("amqp:", "names no host"),
        ("amqp:///vhost", "names no host"),
        ("http://rabbit", "names no known scheme"),
        ("amqp://rabbit:port", "cannot be read"),
        ("amqp://[rabbit", "cannot be read"),
        ("amqp://rabbit?hartbeat=1", "unknown option 'hartbeat'; did you mean 'heartbeat'"),
        ("amqp://rabbit?zzz=1", "unknown option 'zzz'; known are heartbeat"),
        ("amqp://rabbit?heartbeat=0", "option heartbeat=0 is not valid"),
        ("amqp://rabbit?heartbeat=soon", "option heartbeat=soon is not valid"),
        ("amqp://rabbit?verify=maybe", "option verify=maybe is not valid"),
        ("amqps://rabbit?cadata=%25", "option cadata=% is not valid"),
        ("amqp://rabbit?timeout=nan", "option timeout=nan is not valid"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read(url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("password", ["s#cret", "s?cret", "s/cret", "1/cret", "1#cret", "[cret"])
def test_a_password_that_is_not_encoded_is_not_printed(password: str) -> None:
    with pytest.raises(ConfigError, match="special characters %-encoded") as caught:
        read(f"amqp://ada:{password}@rabbit")
    assert "cret" not in str(caught.value)
    assert "ada" not in str(caught.value)


def test_credentials_are_not_shown() -> None:
    settings = read("amqp://ada:lovelace@rabbit:1/v")
    for text in (repr(settings), str(settings), settings.label):
        assert "ada" not in text
        assert "lovelace" not in text
    assert settings.label == "RabbitMQ at rabbit:1"


def test_an_ipv6_address() -> None:
    settings = read("amqp://[::1]:5673")
    assert (settings.host, settings.port, settings.label) == ("::1", 5673, "RabbitMQ at [::1]:5673")
