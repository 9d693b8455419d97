"""A program written for Mognet runs with its imports changed, on each engine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.runtime.leftovers import remove

from mog.engine.rabbitmq.settings import RabbitSettings
from mog.engine.redis.settings import RedisSettings

PROGRAM = (Path(__file__).parent / "press.txt").read_text("utf-8")

TOLD = {
    "book": "Emma: 3 pages",
    "tree": ["press.bind", "press.set", "press.set", "press.set"],
    "children": 4,
    "page": {"number": 7, "text": "x in Garamond, GREY"},
    "proof": 1,
    "metadata": {"by": "hand", "proofs": 1, "shelf": 3},
    "starts": [2, 2, 0],
    "state": ["SUCCESS", True, True, True],
    "smudged": [2, True, True],
    "not ready": True,
    "waited": True,
    "revoked": [True, True],
    "late": [True, True],
    "queues": ["bindery", "tasks"],
    "waiting": 0,
    "attic": "not found",
    "deleted": None,
    "books": [1, 1],
    "submitted": ["press.bind", "press.book", "press.proof", "press.set", "press.wait"],
    "completed": ["press.bind", "press.book", "press.proof", "press.set", "press.wait"],
}


def run(directory: Path, broker: str, store: str, name: str = "press") -> dict[str, Any]:
    """Run the program with its imports changed, and return what it has told."""
    program, changes = re.subn(r"\bfrom mognet\b", "from mog", PROGRAM)
    assert changes == PROGRAM.count("from mognet") > 5
    file = directory / "press.py"
    file.write_text(program)
    surroundings = {**os.environ, "BROKER": broker, "STORE": store, "NAME": name}
    command = [sys.executable, "-W", "error", str(file)]
    done = subprocess.run(
        command, check=False, env=surroundings, cwd=directory, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        told |= json.loads(line)
    return told


def test_in_memory(tmp_path: Path) -> None:
    assert run(tmp_path, "memory://", "memory://") == TOLD


def test_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/press.db"
    assert run(tmp_path, url, url) == TOLD


def test_on_rabbitmq_and_redis(tmp_path: Path, amqp_url: str, redis_url: str) -> None:
    name = f"test-{uuid4().hex[:12]}"
    try:
        assert run(tmp_path, amqp_url, redis_url, name) == TOLD
    finally:
        servers = RabbitSettings.from_url(amqp_url), RedisSettings.from_url(redis_url)
        asyncio.run(remove(name, {"tasks", "bindery"}, *servers))
