"""The statements of queries.sql by name."""

from __future__ import annotations

import re
from pathlib import Path


def parse(text: str) -> dict[str, str]:
    """Split ``text`` at its ``-- name: …`` lines; comments and the final semicolon fall away."""
    found: dict[str, str] = {}
    for block in re.split(r"^-- name: ", text, flags=re.MULTILINE)[1:]:
        name, _, statement = block.partition("\n")
        lines = [line for line in statement.splitlines() if line and not line.startswith("--")]
        found[name.strip()] = "\n".join(lines).removesuffix(";")
    return found


QUERIES = parse(Path(__file__).with_name("queries.sql").read_text("utf-8"))
