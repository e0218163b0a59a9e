"""Waiting for what can be observed, with a deadline; never for time to pass."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(found: Callable[[], T], *, timeout_s: float = 10.0, every_s: float = 0.02) -> T:
    """Return the first true value of `found()`; fails with AssertionError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while True:
        value = found()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s; last value: {value!r}"
        pause.wait(every_s)
