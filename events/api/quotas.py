"""Quotas: what each caller took lately, counted in Redis for all processes together."""

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from django_redis import get_redis_connection

from events.rate import Rate

logger = logging.getLogger(__name__)

# A bucket that empties evenly, kept as the moment when it will be empty (in microseconds): one
# key, gone by itself when it is. By Redis's clock: those of the web servers may differ.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local empty_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wanted = empty_at + ARGV[1]
local window = tonumber(ARGV[2])
if wanted - now > window then
    return {0, math.ceil(empty_at - now), math.ceil(wanted - now - window)}
end
redis.call('SET', KEYS[1], string.format('%.0f', wanted), 'PX', math.ceil((wanted - now) / 1000))
return {1, math.ceil(wanted - now), 0}
"""
_DIGEST = hashlib.sha1(_TAKE.encode(), usedforsecurity=False).hexdigest()
_MICRO = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Whether the units could be taken, what is left, and in how many seconds it is all back.

    `retry_after_s` is when what was refused will be possible.
    """

    is_allowed: bool
    remaining: int
    reset_s: int
    retry_after_s: int = 0


class Quotas:
    """Counts for all threads of a process; whoever cannot be counted is let through.

    After a failure Redis is left alone for `retry_s` seconds; then one request asks again, while
    the others go on uncounted.
    """

    def __init__(
        self, *, alias: str, retry_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._alias = alias
        self._retry_s = retry_s
        self._clock = clock
        self._lock = threading.Lock()
        self._own = threading.local()
        self._closed_until = float("-inf")
        self._uncounted = 0
        self._is_failing = False

    def take(self, key: str, *, units: int, rate: Rate) -> Taken | None:
        """Take `units` (at least 1) of what `key` has; None if nobody can count just now.

        What is refused takes nothing. One round trip, or none.
        """
        if not self._may_ask():
            return None
        window = rate.window_s * _MICRO
        try:
            # Rounded up to a microsecond: nobody gets more than the rate.
            price = -(-units * window // rate.units)
            is_allowed, used, wait = self._ask(key, price, window)
        except redis.RedisError as error:
            self._failed(error)
            return None
        self._answered()
        return Taken(
            is_allowed=bool(is_allowed),
            remaining=max(0, (window - used) * rate.units // window),
            reset_s=-(-used // _MICRO),
            retry_after_s=-(-wait // _MICRO),
        )

    def _ask(self, key: str, price: int, window: int) -> tuple[int, int, int]:
        """Ask over a connection of this thread.

        redis-py's client and its pool would take three times the CPU of the question itself.
        """
        own = getattr(self._own, "connection", None)
        if own is None:
            pool = get_redis_connection(self._alias).connection_pool
            own = self._own.connection = pool.make_connection()
        arguments = (1, key, price, window)
        try:
            return _run(own, "EVALSHA", _DIGEST, *arguments)
        except redis.exceptions.NoScriptError:
            return _run(own, "EVAL", _TAKE, *arguments)
        except redis.ConnectionError:  # closed while it was idle: that says nothing about now
            return _run(own, "EVAL", _TAKE, *arguments)

    def _may_ask(self) -> bool:
        if not self._is_failing:
            return True
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                self._uncounted += 1
                return False
            self._closed_until = now + self._retry_s
            return True

    def _failed(self, error: redis.RedisError) -> None:
        with self._lock:
            self._closed_until = self._clock() + self._retry_s
            self._uncounted += 1
            is_news, self._is_failing = not self._is_failing, True
        if is_news:
            logger.warning(
                "Redis does not answer; requests are not throttled", extra={"error": str(error)}
            )

    def _answered(self) -> None:
        if not self._is_failing:
            return
        with self._lock:
            is_news, self._is_failing = self._is_failing, False
            uncounted, self._uncounted = self._uncounted, 0
        if is_news:
            logger.warning("Redis answers again", extra={"uncounted_requests": uncounted})


def _run(connection: Any, *command: str | int) -> tuple[int, int, int]:
    try:
        connection.send_command(*command)
        is_allowed, used, wait = connection.read_response()
    except redis.ResponseError:
        raise
    except BaseException:
        # Half an answer may be on its way; whoever asks next must not read it as theirs.
        connection.disconnect()
        raise
    return is_allowed, used, wait
