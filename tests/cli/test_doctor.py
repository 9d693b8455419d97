import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Mog = Callable[..., Any]


def lines(mog: Mog, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in mog("doctor", "--json", *arguments).out.splitlines()]


@pytest.mark.usefixtures("shop")
def test_all_is_well(mog: Mog) -> None:
    ended = mog("doctor")
    assert (ended.code, ended.err) == (0, "")
    assert "\nok    tasks       app shop has 6: shop.add, shop.fail, shop.greet, shop.join, shop.nothing" in ended.out
    assert not Path(".mog").exists(), "it changes nothing"


@pytest.mark.usefixtures("shop")
def test_json(mog: Mog) -> None:
    mog("submit", "shop.add", "1")
    found = lines(mog, "--thorough")
    assert {line["level"] for line in found} == {"ok"}
    assert found[0] | {"text": ""} == {
        "level": "ok",
        "subject": "python",
        "text": "",
        "remedy": None,
        "out_of_reach": False,
    }
    assert any(", undamaged, schema 1" in line["text"] for line in found)


def test_warnings_say_what_to_do_and_fail_nothing(mog: Mog, shop: Path) -> None:
    source = "\n@app.task\nasync def unnamed(context: Context) -> None: ...\n"
    (shop / "shop.py").write_text((shop / "shop.py").read_text() + source)
    ended = mog("doctor")
    assert ended.code == 0
    assert "\nwarn  tasks       shop.unnamed: no name of its own" in ended.out
    assert f"\n{'':18}do: `mog lint --fix` writes it (mog explain MOG101)\n" in ended.out


@pytest.mark.usefixtures("shop")
def test_failure(mog: Mog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOG_BROKER", "amqp://localhost")
    ended = mog("doctor")
    assert ended.code == 1
    assert "fail  settings    an amqp: broker needs a redis: URL as results" in ended.out


@pytest.mark.usefixtures("shop")
def test_out_of_reach(mog: Mog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOG_BROKER", "amqp://me:hunter2@127.0.0.1:1/")
    monkeypatch.setenv("MOG_RESULTS", "redis://:hunter2@127.0.0.1:1")
    ended = mog("doctor")
    assert ended.code == 4
    assert [line["subject"] for line in lines(mog) if line["out_of_reach"]] == ["rabbitmq", "redis"]
    assert "hunter2" not in ended.out + ended.err


def test_app_that_cannot_be_imported(mog: Mog, shop: Path) -> None:
    (shop / "shop.py").write_text((shop / "shop.py").read_text() + "\nraise ValueError('no luck')\n")
    ended = mog("doctor")
    assert ended.code == 1
    assert "fail  app         could not import shop: ValueError: no luck\n" in ended.out
    assert "raise ValueError('no luck')" in ended.err
    assert "ok    store" in ended.out, "what the settings name is looked at all the same"


@pytest.mark.usefixtures("directory")
def test_no_app(mog: Mog) -> None:
    first, *_ = lines(mog)
    assert (first["level"], first["subject"]) == ("fail", "app")
    assert first["text"].startswith("no App is found below ")
    assert "--app MODULE:NAME" in first["remedy"]


def test_settings_that_are_wrong(mog: Mog, shop: Path) -> None:
    (shop / "pyproject.toml").write_text("[tool.mog]\nconcurency = 3\n")
    ended = mog("doctor")
    assert ended.code == 1
    assert "did you mean 'concurrency'?" in ended.out


@pytest.mark.usefixtures("shop")
def test_wrong_use(mog: Mog) -> None:
    ended = mog("doctor", "--management", "http://localhost:15672")
    assert ended.code == 2
    assert "is for an app on RabbitMQ" in ended.err
