"""Counts how many are in a place at once."""

from __future__ import annotations


class Occupancy:
    """Whoever is in the place is in a ``with`` block of it."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    def __enter__(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        self.now -= 1
