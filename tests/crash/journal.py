"""Journal: what a client was told is accepted, on disk, each key in its order."""

import hashlib
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.checker import durable_lines

Line = dict[str, Any]


class Journal:
    """One thread writes for all lanes, what has come together with one fsync."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def accepted(self, event: Mapping[str, Any], *, topic: str, value: bytes | None) -> None:
        """Note an event; a key's order is the order of these calls."""
        line = {name: event[name] for name in ("source", "id", "key")}
        sha256 = None if value is None else hashlib.sha256(value).hexdigest()
        self._lines.put({**line, "topic": topic, "value_sha256": sha256})

    def close(self) -> None:
        """Return when everything is on disk."""
        self._lines.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            lines = [self._lines.get()]
            while not self._lines.empty():
                lines.append(self._lines.get())
            is_open = None not in lines
            durable_lines.append(self._path, [line for line in lines if line is not None])
