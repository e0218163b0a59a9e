"""Retry policy: from a failed attempt to the decision what happens next."""

import random
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """Try again after `delay_s` seconds."""

    delay_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Exhausted:
    """No attempt is left; `reason` says which bound was reached."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter, bounded by attempts and by age.

    The delay after attempt n is `initial_s * factor ** (n - 1)`, at most `max_delay_s`; a random
    share of up to `jitter` (0 to 1) is taken off, so that many do not come back together.

    `scope` says what stands still meanwhile: the message's "partition", or only its "key": what
    follows of the key is held in order, everything else flows.
    """

    max_attempts: int = 5
    initial_s: float = 1.0
    factor: float = 2.0
    max_delay_s: float = 60.0
    max_age_s: float | None = None
    jitter: float = 0.2
    scope: Literal["partition", "key"] = "partition"

    def decide(
        self, attempt: int, *, age_s: float = 0.0, asked_s: float | None = None
    ) -> Retry | Exhausted:
        """Say what follows attempt `attempt` (from 1); `asked_s` is the handler's own wish."""
        if attempt >= self.max_attempts:
            return Exhausted(reason=f"{attempt} of {self.max_attempts} attempts failed")
        if self.max_age_s is not None and age_s >= self.max_age_s:
            return Exhausted(reason=f"older than {self.max_age_s:g} s")
        if asked_s is not None:
            return Retry(delay_s=max(0.0, asked_s))
        return Retry(delay_s=self.delay_s(attempt))

    def delay_s(self, attempt: int) -> float:
        """Return the backoff after attempt number `attempt`, in seconds."""
        exponent = min(attempt - 1, 64)  # beyond, a float power could overflow
        delay = min(self.initial_s * self.factor**exponent, self.max_delay_s)
        return delay * (1 - self.jitter * random.random())  # noqa: S311 - no secret is made here
