"""Traces across tasks: W3C Trace Context (https://www.w3.org/TR/trace-context/) travels with each request.

A task's trace is what its request names; else that of the code which submits it, by OpenTelemetry where the process
has loaded it, by the running task otherwise. Nothing here imports OpenTelemetry by itself.
"""

from __future__ import annotations

import importlib
import logging
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BeforeValidator, ValidationInfo

if TYPE_CHECKING:
    from mog.request import Request

log = logging.getLogger("mog.tracing")

PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""Version, trace, parent, flags; section 3.2 of the standard."""

STATE = re.compile(r"[\x20-\x7e\t]{1,512}")
"""A list that vendors write; of a longer one than 512 characters the standard asks nobody to take care."""

RECEIVED = {"received": True}
"""The validation context of a request that came in a message, and is validated after its JSON was read."""


class Trace(NamedTuple):
    """The trace of which a task is a part, and whose child it is in there; ``state`` is what vendors add to it."""

    parent: str
    state: str | None = None


def is_parent(text: str) -> bool:
    """Tell whether this is a ``traceparent``; later versions than 00 may have more behind a fourth hyphen."""
    return PARENT.fullmatch(text) is not None or (
        text[:2] > "00" and PARENT.match(text) is not None and text[55] == "-"
    )


def _checked(is_valid: Callable[[str], object]) -> Callable[[Any, ValidationInfo], Any]:
    def check(value: Any, info: ValidationInfo) -> Any:
        if value is None or (isinstance(value, str) and is_valid(value)):
            return value
        if info.mode != "json" and info.context is not RECEIVED:
            raise ValueError(f"is not as W3C Trace Context writes a {info.field_name}")
        log.debug("a request came with a %s that is none, which is left out: %.80r", info.field_name, value)
        return None

    return check


TraceParent = Annotated[str | None, BeforeValidator(_checked(is_parent))]
"""A request's ``traceparent``: a wrong one is refused here, and dropped from a message, as the standard says."""

TraceState = Annotated[str | None, BeforeValidator(_checked(STATE.fullmatch))]

_current: ContextVar[Trace | None] = ContextVar("mog_trace", default=None)
"""The trace of the task that runs here."""


def trace_of(request: Request[Any]) -> Trace | None:
    """Return the trace with which a request is sent: its own, else that of the code that submits it."""
    if request.traceparent is not None:
        return Trace(request.traceparent, request.tracestate)
    return (_opentelemetry_trace() if "opentelemetry" in sys.modules else None) or _current.get()


def enter_trace(request: Request[Any]) -> None:
    """Make a request's trace that of the running code, which is a task's run.

    Nothing takes it back: each run has an asyncio task, and with it a context, of its own.
    """
    # Without one the run has none: not that of the code which has started the worker, or of the task that ran before.
    trace = None if request.traceparent is None else Trace(request.traceparent, request.tracestate)
    _current.set(trace)
    if "opentelemetry" in sys.modules:
        _attach(trace)


def _opentelemetry_trace() -> Trace | None:
    """Return the trace of OpenTelemetry's current span, None where there is none."""
    carrier: dict[str, str] = {}
    try:
        importlib.import_module("opentelemetry.propagate").inject(carrier)
    except Exception as error:  # noqa: BLE001 - propagators are the user's; a task must not fail for want of a trace
        log.debug("OpenTelemetry tells no trace: %r", error)
    parent = carrier.get("traceparent")
    return Trace(parent, carrier.get("tracestate") or None) if parent is not None and is_parent(parent) else None


def _attach(trace: Trace | None) -> None:
    """Make the trace OpenTelemetry's current context, so that spans of this run become its children; None: no trace."""
    try:
        contexts = importlib.import_module("opentelemetry.context")
        context = contexts.Context()
        if trace is not None:
            carrier = {"traceparent": trace.parent} | ({"tracestate": trace.state} if trace.state else {})
            context = importlib.import_module("opentelemetry.propagate").extract(carrier)
        contexts.attach(context)
    except Exception as error:  # noqa: BLE001 - propagators are the user's, and a task must run all the same
        log.debug("OpenTelemetry does not take over the trace: %r", error)
