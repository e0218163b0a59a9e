"""Targets: what can be harmed, how that is done, and when it is back."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from tests.crash.plan import Draw

LOOK_EVERY_S = 0.1


class Target(ABC):
    """Of targets with the same `body` only one is harmed at a time."""

    def __init__(self, name: str, *, body: str = "") -> None:
        self.name = name
        self.body = body or name

    @abstractmethod
    def harm(self, draw: Draw, *, hurry: threading.Event) -> float:
        """Do it; return the time (monotonic) from which its recovery counts.

        `hurry` cuts waits short. Raises ServiceFailed.
        """

    @abstractmethod
    def wait_back(self, timeout_s: float) -> bool:
        """Wait until it works again; False if it does not in time. Raises ServiceFailed."""


def wait_for(is_so: Callable[[], bool], *, timeout_s: float) -> bool:
    """Wait until something is so; False after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not is_so():
        if time.monotonic() > deadline:
            return False
        pause.wait(LOOK_EVERY_S)
    return True
