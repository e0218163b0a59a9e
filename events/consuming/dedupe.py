"""Redis's part of dedupe: a fast "done already?"; the ledger stays the truth."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

import redis
from django_redis import get_redis_connection

logger = logging.getLogger(__name__)

# One command for all: as commands of their own they cost the client seven times as much.
_SET_ALL = """
for i, key in ipairs(KEYS) do
    redis.call('SET', key, ARGV[2 * i - 1], 'PX', ARGV[2 * i])
end
"""

MOST_PATIENCE = 8


def key_as_written(key: str, key_prefix: str, version: int) -> str:
    """Return the key unchanged: `GET notification:invoices:1042` finds it (a KEY_FUNCTION)."""
    return key


class Mark(NamedTuple):
    """What Redis shall remember: this group is done with this dedupe key, by this event."""

    dedupe_key: str
    event: str  # source/id
    ttl_s: float


class Memory(Protocol):
    """What remembers, beside the ledger, which keys are done."""

    def done_by(self, dedupe_keys: Sequence[str]) -> dict[str, str]:
        """Return, for the keys known to be done, the event that did it."""

    def mark(self, marks: Iterable[Mark]) -> None:
        """Remember what is done."""


class Nothing:
    """Remembers nothing: the ledger alone decides."""

    def done_by(self, dedupe_keys: Sequence[str]) -> dict[str, str]:
        """Know of nothing."""
        return {}

    def mark(self, marks: Iterable[Mark]) -> None:
        """Forget it."""


class DedupeCache:
    """Answers "done", or "don't know"; being down, slow, flushed or wrong never drops or repeats.

    After a failure Redis is left alone for `retry_s` seconds, after several in a row for up to
    eight times as long. One thread uses one instance.
    """

    def __init__(
        self,
        *,
        group: str,
        alias: str,
        retry_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prefix = f"{group}|"
        self._alias = alias
        self._retry_s = retry_s
        self._clock = clock
        self._closed_until = float("-inf")
        self._failures = 0
        self._is_refusing = False
        self._may_run_scripts = True

    def done_by(self, dedupe_keys: Sequence[str]) -> dict[str, str]:
        """Return, for the keys this group is done with, the event (source/id) that did it.

        A key not in the answer means "don't know". One round trip.
        """
        if not dedupe_keys or self._clock() < self._closed_until:
            return {}
        try:
            values = self._redis().mget(dedupe_keys)
        except redis.RedisError as error:
            self._failed(error)
            return {}
        self._answered()
        mine, start = self._prefix.encode(), len(self._prefix.encode())
        return {
            key: value[start:].decode("utf-8", "replace")
            for key, value in zip(dedupe_keys, values, strict=True)
            if isinstance(value, bytes) and value.startswith(mine)
        }

    def mark(self, marks: Iterable[Mark]) -> None:
        """Remember what is done; failing is harmless, the ledger knows. One round trip."""
        marks = list(marks)
        if not marks or self._clock() < self._closed_until:
            return
        try:
            self._set_all(marks)
        except redis.ResponseError as error:
            self._refused(error)
        except redis.RedisError as error:
            self._failed(error)
        else:
            self._answered()
            self._is_refusing = False

    def _set_all(self, marks: Sequence[Mark]) -> None:
        keys = [mark.dedupe_key for mark in marks]
        values: list[str | int] = []
        for mark in marks:
            values += (self._prefix + mark.event, max(1, int(mark.ttl_s * 1000)))
        if self._may_run_scripts:
            try:
                self._redis().register_script(_SET_ALL)(keys=keys, args=values)
            except redis.exceptions.NoPermissionError:
                self._may_run_scripts = False
            else:
                return
        pipeline = self._redis().pipeline(transaction=False)
        for key, value, milliseconds in zip(keys, values[::2], values[1::2], strict=True):
            pipeline.set(key, value, px=int(milliseconds))
        pipeline.execute()

    def _redis(self) -> redis.Redis:
        client: redis.Redis = get_redis_connection(self._alias)
        return client

    def _failed(self, error: redis.RedisError) -> None:
        patience = self._retry_s * min(2**self._failures, MOST_PATIENCE)
        self._closed_until = self._clock() + patience
        self._failures += 1
        if self._failures == 1:
            logger.warning(
                "Redis does not answer; the ledger decides alone, more slowly",
                extra={"error": str(error)},
            )

    def _answered(self) -> None:
        if self._failures:
            self._failures = 0
            logger.warning("Redis answers again")

    def _refused(self, error: redis.ResponseError) -> None:
        """Full, or a replica: what it knows still counts, the ledger knows the rest."""
        if not self._is_refusing:
            self._is_refusing = True
            logger.warning("Redis does not remember what is done", extra={"error": str(error)})
