"""The rate is fetched from a service that fails twice; what is not worth a retry is not retried."""

import importlib
import json
import socket
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest

from mog.testing import running


@pytest.fixture
def modules(example, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The example's modules, and its service on a port of its own."""
    monkeypatch.syspath_prepend(example("flaky").directory)
    loaded = {name: importlib.import_module(name) for name in ("rates", "service")}
    server = loaded["service"].ThreadingHTTPServer(("localhost", 0), loaded["service"].Rates)
    monkeypatch.setattr(loaded["rates"], "SERVICE", f"localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield loaded
    server.shutdown()
    thread.join()
    server.server_close()
    for name in loaded:
        del sys.modules[name]


async def test_third_attempt_has_the_rate(modules: dict[str, ModuleType]) -> None:
    rates = modules["rates"]
    async with running(rates.app) as bench:
        result = await rates.app.submit(rates.fetch, "USD")
        start = bench.clock()
        await bench.settle()
        assert await result == "1 EUR = 1.08 USD, at attempt 3"
        assert 1.1 <= bench.clock() - start <= 1.2


async def test_unknown_currency_is_final(modules: dict[str, ModuleType]) -> None:
    rates = modules["rates"]
    async with running(rates.app, skip_time=True):
        result = await rates.app.submit(rates.fetch, "XYZ")
        with pytest.raises(rates.UnknownCurrency):
            await result
    assert result.number_of_retries == 2


async def test_service_that_is_away_is_asked_five_times_more(modules: dict[str, ModuleType], monkeypatch) -> None:
    rates = modules["rates"]
    with socket.socket() as taken:
        taken.bind(("localhost", 0))  # bound, and nobody listens
        monkeypatch.setattr(rates, "SERVICE", f"localhost:{taken.getsockname()[1]}")
        async with running(rates.app, skip_time=True):
            result = await rates.app.submit(rates.fetch, "USD")
            with pytest.raises(ConnectionRefusedError):
                await result
    assert result.number_of_retries == 5


def test_readme_commands_work_as_written(example) -> None:
    shell = example("flaky")
    output = shell.run(shell.readme())
    assert "1 EUR = 1.08 USD, at attempt " in output
    task = json.loads(shell.run("mog tasks list --json"))
    assert task["state"] == "SUCCESS"
    assert task["starts"] >= 3, "more, if the service was up later than the worker"
