"""Notes: the last few things that happened, for the table; elsewhere said at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime

from local.service import Say

LINES = 3


class Notes:
    """Any thread may add one. `say` hears each as it comes."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._notes: deque[str] = deque(maxlen=LINES)
        self._lock = threading.Lock()

    def add(self, text: str) -> None:
        """Note it with the time of day."""
        noted = f"{datetime.now().astimezone():%H:%M:%S}  {text}"
        with self._lock:
            self._notes.append(noted)
            self._say(noted)

    def last(self) -> Sequence[str]:
        """The last few, oldest first."""
        with self._lock:
            return list(self._notes)
