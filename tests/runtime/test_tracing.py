"""Traces travel with requests, from the code that submits them to the task and its children."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from contextvars import ContextVar
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mog import App, Context, Request
from mog.errors import InvalidRequest
from mog.request import request_from_json, request_to_json
from mog.testing import running
from mog.tracing import Trace, enter_trace, is_parent, trace_of

ONE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
STATE = "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"

INVALID = {
    "short": "00-1",
    "zero trace": f"00-{'0' * 32}-b7ad6b7169203331-01",
    "zero parent": f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
    "version ff": f"ff{ONE[2:]}",
    "upper case": ONE.upper(),
    "more in version 00": f"{ONE}-more",
    "more without a hyphen": f"01{ONE[2:]}more",
    "not text": 7,
}


class Telemetry:
    """As much of OpenTelemetry as mog speaks with: a current trace, in a context variable as there."""

    def __init__(self) -> None:
        self.current: ContextVar[dict[str, str] | None] = ContextVar("telemetry", default=None)
        self.attached: list[dict[str, str]] = []

    def inject(self, carrier: dict[str, str]) -> None:
        carrier.update(self.current.get() or {})

    def extract(self, carrier: dict[str, str]) -> dict[str, str]:
        return dict(carrier)

    def attach(self, context: dict[str, str]) -> None:
        self.attached.append(context)
        self.current.set(context)


@pytest.fixture
def telemetry(monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    telemetry = Telemetry()
    for name in ("opentelemetry", "opentelemetry.propagate", "opentelemetry.context"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules["opentelemetry.propagate"], "inject", telemetry.inject, raising=False)
    monkeypatch.setattr(sys.modules["opentelemetry.propagate"], "extract", telemetry.extract, raising=False)
    monkeypatch.setattr(sys.modules["opentelemetry.context"], "attach", telemetry.attach, raising=False)
    monkeypatch.setattr(sys.modules["opentelemetry.context"], "Context", dict, raising=False)
    return telemetry


@pytest.fixture
def app() -> App:
    """Tasks that tell their trace, and that of their children."""
    app = App("demo", broker="memory://")

    @app.task(name="leaf")
    def leaf(context: Context) -> tuple[str | None, str | None]:
        return context.request.traceparent, context.request.tracestate

    @app.task(name="parent")
    async def parent(context: Context) -> list[tuple[str | None, str | None]]:
        own = context.request.traceparent, context.request.tracestate
        return [own, await context.run(leaf)]

    @app.task(name="plain_parent")
    def plain_parent(context: Context) -> list[tuple[str | None, str | None]]:
        return [context.call_threadsafe(context.run(leaf)), app.run_blocking(leaf)]

    return app


async def test_no_trace_is_made_up(app: App) -> None:
    async with running(app):
        assert await app.run("parent") == [[None, None], [None, None]]
    assert trace_of(Request(name="x")) is None
    assert b"trace" not in request_to_json(Request(name="x"))


async def test_trace_travels_to_task_and_children(app: App) -> None:
    async with running(app):
        request = Request(name="parent", traceparent=ONE, tracestate=STATE)
        assert await app.run(request) == [[ONE, STATE], [ONE, STATE]]
        assert await app.run(Request(name="plain_parent", traceparent=ONE)) == [[ONE, None], [ONE, None]]


async def test_traces_of_tasks_that_run_together_do_not_mix(app: App) -> None:
    async with running(app):
        requests = [Request(name="parent", traceparent=trace) for trace in (ONE, OTHER, None) * 4]
        values = await asyncio.gather(*await app.submit_many(requests))
        assert values == [[[trace, None]] * 2 for trace in (ONE, OTHER, None) * 4]


async def test_requests_own_trace_comes_first(app: App, telemetry: Telemetry) -> None:
    telemetry.current.set({"traceparent": ONE})
    assert trace_of(Request(name="x", traceparent=OTHER, tracestate=STATE)) == Trace(OTHER, STATE)


async def test_worker_that_starts_inside_a_trace_does_not_pass_it_on(app: App) -> None:
    enter_trace(Request(name="x", traceparent=ONE))
    async with running(app):
        request = Request(name="parent")
        enter_trace(request)
        assert await app.run(request) == [[None, None], [None, None]]


async def test_a_run_without_a_trace_leaves_that_of_telemetry(app: App, telemetry: Telemetry) -> None:
    enter_trace(Request(name="x", traceparent=ONE))
    assert telemetry.current.get() == {"traceparent": ONE}
    enter_trace(Request(name="x"))
    assert trace_of(Request(name="x")) is None


async def test_telemetrys_current_span_is_the_parent(app: App, telemetry: Telemetry) -> None:
    async with running(app):
        telemetry.current.set({"traceparent": ONE, "tracestate": STATE})
        assert await app.run("parent") == [[ONE, STATE], [ONE, STATE]]
    assert telemetry.attached == [{"traceparent": ONE, "tracestate": STATE}] * 2


async def test_span_that_a_task_has_begun_is_its_childrens_parent(app: App, telemetry: Telemetry) -> None:
    @app.task(name="spanning")
    async def spanning(context: Context) -> tuple[str | None, str | None]:
        telemetry.current.set({"traceparent": OTHER})
        return await context.run("leaf")

    async with running(app):
        assert await app.run(Request(name="spanning", traceparent=ONE)) == (OTHER, None)


async def test_telemetry_that_knows_no_trace_leaves_the_tasks(
    app: App, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["opentelemetry.context"], "attach", lambda context: None)  # another format
    async with running(app):
        assert await app.run(Request(name="parent", traceparent=ONE)) == [[ONE, None], [ONE, None]]
        telemetry.current.set({"traceparent": "rubbish"})
        assert await app.run("leaf") == (None, None)


@pytest.mark.parametrize("lost", ["propagate", "context"])
async def test_broken_telemetry_costs_no_task(
    app: App, telemetry: Telemetry, lost: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, f"opentelemetry.{lost}", None)
    caplog.set_level(logging.DEBUG, "mog.tracing")
    async with running(app):
        assert await app.run(Request(name="parent", traceparent=ONE)) == [[ONE, None], [ONE, None]]
    assert "OpenTelemetry does not take over the trace" in caplog.text


@pytest.mark.parametrize("text", [ONE, OTHER, f"01{ONE[2:]}", f"01{ONE[2:]}-more"])
def test_valid_parents(text: str) -> None:
    assert is_parent(text)
    request = Request(name="x", traceparent=text)
    assert request_from_json(request_to_json(request, trace=trace_of(request))).traceparent == text


@pytest.mark.parametrize("value", INVALID.values(), ids=INVALID)
@pytest.mark.parametrize("more", [{}, {"key of a later version": 1}], ids=["known", "unknown keys"])
def test_invalid_parent_in_a_message_is_dropped(
    value: object, more: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "mog.tracing")
    body = json.dumps({"name": "x", "args": [1], "traceparent": value, "tracestate": "\n", **more}).encode()
    request = request_from_json(body)
    assert (request.args, request.traceparent, request.tracestate) == ((1,), None, None)
    assert "came with a traceparent that is none" in caplog.text
    assert "came with a tracestate that is none" in caplog.text


@pytest.mark.parametrize("value", INVALID.values(), ids=INVALID)
def test_invalid_parent_here_is_refused(value: object) -> None:
    with pytest.raises(InvalidRequest, match="traceparent: is not as W3C Trace Context writes"):
        Request(name="x", traceparent=value)
    request = Request(name="x")
    with pytest.raises(InvalidRequest, match="traceparent"):
        request.traceparent = value


@pytest.mark.parametrize("value", ["", "x" * 513, "umlaut=ä", "line\n"])
def test_invalid_state_here_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequest, match="tracestate"):
        Request(name="x", traceparent=ONE, tracestate=value)


@given(st.text() | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.?"))
def test_any_text_is_told(text: str) -> None:
    assert is_parent(text) in (True, False)
