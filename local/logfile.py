"""A log file as people and tests read it."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

_TAIL_BYTES = 65536
_TICK = threading.Event()


class LogFile:
    """The output of one process. The file is appended to over restarts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self) -> int:
        """Bytes written so far: a place to read or wait from."""
        return self.path.stat().st_size if self.path.exists() else 0

    def text(self, *, since: int = 0) -> str:
        """Everything from byte `since` on."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            file.seek(since)
            return file.read().decode(errors="replace")

    def tail(self, lines: int = 20) -> str:
        """The last lines."""
        recent = self.text(since=max(0, self.size() - _TAIL_BYTES))
        return "\n".join(recent.splitlines()[-lines:])

    def wait_for(
        self, pattern: str | re.Pattern[str], *, timeout_s: float, since: int = 0
    ) -> str | None:
        """The first text that matches, None after `timeout_s`; a plain text is literal."""
        wanted = re.compile(re.escape(pattern)) if isinstance(pattern, str) else pattern
        deadline = time.monotonic() + timeout_s
        while True:
            found = wanted.search(self.text(since=since))
            if found or time.monotonic() >= deadline:
                return found.group(0) if found else None
            _TICK.wait(0.02)
