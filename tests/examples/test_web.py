"""The web service answers what a worker has counted."""

import importlib
import sys
from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from uuid import UUID, uuid4

import httpx
import pytest

TEXT = {"text": "to be or not to be"}
STATISTICS = {"words": 6, "different_words": 4, "most_common": "to"}


@pytest.fixture
def shell(example, monkeypatch: pytest.MonkeyPatch):
    """The example's copy, which is the working directory as well: the queue lies there."""
    copy = example("web")
    monkeypatch.chdir(copy.directory)
    monkeypatch.syspath_prepend(copy.directory)
    return copy


@pytest.fixture
def web(shell) -> Iterator[ModuleType]:
    """The service's module."""
    yield importlib.import_module("web")
    for name in ("web", "text_tasks"):
        del sys.modules[name]


@pytest.fixture
async def client(web: ModuleType) -> AsyncIterator[httpx.AsyncClient]:
    """A browser, so to speak; the service runs, and no worker yet."""
    transport = httpx.ASGITransport(web.api)
    async with web.lifespan(web.api), httpx.AsyncClient(transport=transport, base_url="http://example") as client:
        yield client


@pytest.fixture
async def worker(web: ModuleType, client: httpx.AsyncClient) -> AsyncIterator[None]:
    async with web.app.worker():
        yield


async def test_awaits_the_result(client: httpx.AsyncClient, worker: None) -> None:
    answer = await client.post("/statistics", json=TEXT)
    assert (answer.status_code, answer.json()) == (200, STATISTICS)


async def test_worker_is_another_process(shell, client: httpx.AsyncClient) -> None:
    with shell.worker():
        answer = await client.post("/statistics", json=TEXT)
    assert (answer.status_code, answer.json()) == (200, STATISTICS)


async def test_accepts_a_job_and_tells_its_end(web: ModuleType, client: httpx.AsyncClient, worker: None) -> None:
    accepted = await client.post("/jobs", json=TEXT)
    assert accepted.status_code == 202
    job = accepted.json()
    await (await web.app.result(UUID(job["id"]))).wait(timeout=10)
    looked = await client.get(f"/jobs/{job['id']}")
    assert (looked.status_code, looked.json()) == (200, {"id": job["id"], "state": "SUCCESS", "statistics": STATISTICS})


async def test_job_waits_for_a_worker(client: httpx.AsyncClient) -> None:
    job = (await client.post("/jobs", json=TEXT)).json()
    assert (await client.get(f"/jobs/{job['id']}")).json() == {"id": job["id"], "state": "PENDING", "statistics": None}


async def test_impatient_client_is_told_where_to_look(
    web: ModuleType, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "PATIENCE", 0.01)
    answer = await client.post("/statistics", json=TEXT)
    assert answer.status_code == 504
    assert (await client.get(answer.json()["detail"].split()[-1])).json()["state"] == "PENDING"


async def test_unknown_job(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/jobs/{uuid4()}")).status_code == 404


async def test_empty_text(client: httpx.AsyncClient, worker: None) -> None:
    answer = await client.post("/statistics", json={"text": ""})
    assert answer.json() == {"words": 0, "different_words": 0, "most_common": None}
