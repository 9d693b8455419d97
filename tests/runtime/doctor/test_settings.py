"""Settings that nobody reads."""

from pathlib import Path

import pytest

from mog.config import load_config
from mog.doctor import Level
from mog.doctor.settings import settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_to_complain_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOG_APP", "shop")
    monkeypatch.setenv("MOG_GRACE", "3")
    monkeypatch.setenv("MOG_GUARD_WARN", "3")
    assert list(settings(load_config(durability="full"))) == []


def test_settings_of_other_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(broker="amqp://me:secret@host", results="redis://host", durability="full", look_ahead=3)
    [finding] = settings(config)
    assert finding.level is Level.WARN
    assert finding.text == "durability is set, and has no effect with amqp://me:***@host"
    texts = [finding.text for finding in settings(load_config(look_ahead=3, consumer_timeout=60))]
    assert [text.split()[0] for text in texts] == ["consumer_timeout", "look_ahead"]


def test_variables_that_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config()
    monkeypatch.setenv("MOG_COLOUR", "red")
    monkeypatch.setenv("MOGRE", "no")
    [finding] = settings(config)
    assert finding.text == "nothing reads the environment variable MOG_COLOUR"
