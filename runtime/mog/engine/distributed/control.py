"""What processes tell each other over the control exchange, in Mognet's form: revocations, and who runs what."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json, to_json

from mog.ids import new_id

EXPIRATION_MS = 300_000
"""How long the server keeps a control message for a process that does not take it; Mognet's."""

PRIORITY = 5


class Revoked(NamedTuple):
    """Whoever runs this task is to stop."""

    id: UUID


class StatusQuery(NamedTuple):
    """Whoever works is to say what it runs."""

    id: UUID


class Status(NamedTuple):
    """What a process runs."""

    node_id: str
    running: tuple[UUID, ...]


Control = Revoked | StatusQuery


def write_revoked(task_id: UUID) -> bytes:
    """Return the message that stops a task wherever it runs."""
    return _envelope("Revoke", new_id(), {"id": task_id})


def write_status_query() -> bytes:
    """Return the question who runs what."""
    question = new_id()
    return _envelope("Query", question, {"id": question, "name": "Status"})


def write_status(status: Status) -> bytes:
    """Return the answer to it."""
    answer = new_id()
    payload = {
        "id": answer,
        "kind": "StatusResponse",
        "node_id": status.node_id,
        "payload": {"running_request_ids": status.running},
    }
    return _envelope("StatusResponse", answer, payload)


def read_control(content: bytes) -> Control | None:
    """Read what came over the control exchange; None for what a later version, or anyone else, may have sent."""
    kind, payload = _read(content)
    try:
        if kind == "Revoke":
            return Revoked(UUID(payload["id"]))
        if kind == "Query" and payload.get("name") == "Status":
            return StatusQuery(UUID(payload["id"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    return None


def read_status(content: bytes) -> Status | None:
    """Read an answer to the question who runs what; None for anything else."""
    kind, payload = _read(content)
    try:
        if kind == "StatusResponse" and isinstance(payload["node_id"], str):
            return Status(payload["node_id"], tuple(map(UUID, payload["payload"]["running_request_ids"])))
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    return None


def _envelope(kind: str, id_: UUID, payload: dict[str, Any]) -> bytes:
    return to_json({"id": id_, "kind": kind, "payload": payload, "priority": PRIORITY})


def _read(content: bytes) -> tuple[Any, dict[str, Any]]:
    try:
        envelope = from_json(content)
    except ValueError:
        return None, {}
    if not isinstance(envelope, dict) or not isinstance(envelope.get("payload"), dict):
        return None, {}
    return envelope.get("kind"), envelope["payload"]
