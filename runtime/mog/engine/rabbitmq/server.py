"""What the server at the other end is, and what its version can do."""

from __future__ import annotations

from typing import NamedTuple


class ServerInfo(NamedTuple):
    """Product and version, as the server gives them in its first frame."""

    product: str
    version: tuple[int, ...]
