"""Waiting for what can be observed, with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_TICK = threading.Event()


def wait_until(is_so: Callable[[], bool], *, timeout_s: float, every_s: float = 0.05) -> bool:
    """True as soon as `is_so()` is, False after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() >= deadline:
            return False
        _TICK.wait(every_s)
    return True
