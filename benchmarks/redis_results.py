"""What systems leave in Redis: each result under a key of its own, asked for and removed with redis-py."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from adapter import Adapter
from redis import Redis
from servers import NAME, REDIS_URL

AT_ONCE = 500
"""Keys that are asked for, or removed, in one go."""


def remove_keys() -> None:
    """Leave nothing of this measurement in Redis."""
    with Redis.from_url(REDIS_URL) as redis:
        keys = list(redis.scan_iter(f"*{NAME}*", count=1000))
        for start in range(0, len(keys), AT_ONCE):
            redis.unlink(*keys[start : start + AT_ONCE])


class RedisResults(Adapter):
    """A system that keeps each result under a key of its own."""

    def __init__(self) -> None:
        self._redis = Redis.from_url(REDIS_URL)
        self._late: Sequence[Any] = ()

    @abstractmethod
    def result_key(self, handle: Any, /) -> str:
        """Return the key that is there once the result of a task is stored."""

    async def close(self) -> None:
        self._redis.close()
        remove_keys()

    async def count_stored(self, handles: Sequence[Any], /) -> int:
        return len(handles) - len(self._missing(handles))

    async def all_stored(self, handles: Sequence[Any], /) -> bool:
        """Look again for those alone that were missing before."""
        self._late = self._missing(self._late or handles)
        return not self._late

    def _missing(self, handles: Sequence[Any]) -> list[Any]:
        missing: list[Any] = []
        for start in range(0, len(handles), AT_ONCE):
            some = handles[start : start + AT_ONCE]
            pipeline = self._redis.pipeline(transaction=False)
            for handle in some:
                pipeline.exists(self.result_key(handle))
            missing += [handle for handle, there in zip(some, pipeline.execute(), strict=True) if not there]
        return missing
