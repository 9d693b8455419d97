"""Hashes as Mognet writes them, and ours as Mognet reads them.

mognet_hashes.json holds what Mognet 2.0.0 wrote into Redis 7.0 for nine tasks, bytes as base64 (paths in tracebacks
are cut), and how it reads each itself.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mog.engine.records import Record
from mog.engine.redis.codec import (
    STATE_TEXTS,
    quote,
    read_record,
    read_text,
    read_time,
    read_value,
    write_optional,
    write_time,
)
from mog.engine.redis.layout import MOGNET_FIELDS, RECORD_FIELDS
from mog.errors import ResultError
from mog.states import ResultState

HASHES: dict[str, Any] = json.loads(Path(__file__).with_name("mognet_hashes.json").read_text("utf-8"))

every_hash = pytest.mark.parametrize("name", HASHES)


def decoded(fields: dict[str, str]) -> dict[str, bytes]:
    return {name: base64.b64decode(text) for name, text in fields.items()}


def read(fields: dict[str, bytes]) -> Record:
    task_id = UUID(json.loads(fields["id"]))
    return read_record(task_id, [fields.get(name) for name in RECORD_FIELDS])


def seconds(time: str | None) -> float | None:
    return None if time is None else datetime.fromisoformat(time).timestamp()


@every_hash
def test_mognets_hash_is_read_as_mognet_reads_it(name: str) -> None:
    mognets = HASHES[name]["as mognet reads it"]
    record = read(decoded(HASHES[name]["result"]))
    assert record == Record(
        id=UUID(mognets["id"]),
        name=mognets["name"],
        state=ResultState(mognets["state"]),
        number_of_starts=mognets["number_of_starts"],
        number_of_stops=mognets["number_of_stops"],
        parent_id=mognets["parent_id"] and UUID(mognets["parent_id"]),
        created=seconds(mognets["created"]),
        started=seconds(mognets["started"]),
        finished=seconds(mognets["finished"]),
        node_id=mognets["node_id"],
        request_kwargs_repr=mognets["request_kwargs_repr"],
    )


@every_hash
def test_every_field_is_written_as_mognet_wrote_it(name: str) -> None:
    fields = decoded(HASHES[name]["result"])
    record = read(fields)
    assert write_optional(record.name).encode() == fields["name"]
    assert write_optional(record.node_id).encode() == fields["node_id"]
    assert write_optional(record.request_kwargs_repr).encode() == fields["request_kwargs_repr"]
    assert STATE_TEXTS[record.state].encode() == fields["state"]
    for time in ("created", "started", "finished"):
        assert (write_time(getattr(record, time)) or "null").encode() == fields[time]


def test_the_fields_are_mognets() -> None:
    assert {tuple(sorted(decoded(hash_["result"]))) for hash_ in HASHES.values()} == {tuple(sorted(MOGNET_FIELDS))}


@pytest.mark.parametrize("name", [name for name in HASHES if "/value" in HASHES[name]])
def test_mognets_values_are_read(name: str) -> None:
    fields = decoded(HASHES[name]["/value"])
    value = read_value([fields["contents"], fields["encoding"], fields["content_type"]])
    assert value is not None
    assert value.encoding == "gzip"
    assert json.loads(gzip.decompress(value.content)).keys() == {"value_type", "raw_value"}


def test_values_without_encoding_and_of_other_kinds() -> None:
    plain = read_value([b"{}", b"null", b'"application/json"'])
    assert plain is not None
    assert plain.encoding is None
    assert read_value([None, None, None]) is None
    with pytest.raises(ResultError, match="application/x-pickle"):
        read_value([b"{}", b"null", b'"application/x-pickle"'])
    with pytest.raises(ResultError, match="not JSON"):
        read_value([b"{}", b"null", None])


@given(st.text())
def test_strings_are_json_as_mognet_writes_it(text: str) -> None:
    assert quote(text) == json.dumps(text)
    assert read_text(quote(text).encode()) == text


@given(st.floats(min_value=-1e10, max_value=2e11))
def test_times_keep_their_microseconds(time: float) -> None:
    written = write_time(time)
    read = read_time(written.encode())
    assert read is not None
    assert math.isclose(read, time, rel_tol=0, abs_tol=1e-6 if abs(time) < 1e10 else 1e-4)
    assert write_time(read) == written, "what is read is written the same"
    assert json.loads(written).endswith("Z")


def test_times_are_utc_wherever_they_were_written() -> None:
    moment = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC).timestamp()
    for text in ("2026-11-24T01:02:03Z", "2026-11-24T01:02:03", "2026-11-24T02:02:03+01:00"):
        assert read_time(f'"{text}"'.encode()) == moment
    assert read_time(b"null") is read_time(None) is None
    assert write_time(None) == ""


def test_a_hash_that_mognet_has_just_begun() -> None:
    """Its get_or_create() writes the id alone."""
    task_id = UUID(int=5)
    assert read({"id": f'"{task_id}"'.encode()}) == Record(task_id)
