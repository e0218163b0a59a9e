"""Load: the client process as the run sees it."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from local.processes import ManagedProcess
from tests.waiting import wait_until

END_WITHIN_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadStatus:
    """What the client counted; `answers` by HTTP status, or why there was none."""

    events: int = 0
    orders: int = 0
    in_hand: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


class Load:
    """Started, paused, resumed and stopped; it is never harmed."""

    def __init__(self, process: ManagedProcess, *, status: Path, pause_file: Path) -> None:
        self._process = process
        self._status = status
        self._pause_file = pause_file

    @property
    def is_alive(self) -> bool:
        """Whether the client still runs."""
        return self._process.running

    @property
    def log(self) -> str:
        """The last lines the client wrote."""
        return self._process.log.tail()

    @property
    def is_paused(self) -> bool:
        """Whether nothing new is sent."""
        return self._pause_file.exists()

    def start(self) -> None:
        """Begin; return when the first event is accepted."""
        self._process.start()
        wait_until(lambda: self.status().events, timeout_s=END_WITHIN_S, every_s=0.1)

    def pause(self, *, timeout_s: float) -> bool:
        """Send nothing new; wait until all in hand is accepted, False if that takes too long."""
        self._pause_file.touch()
        paused_at = time.time()
        deadline = time.monotonic() + timeout_s
        try:
            wait_until(
                lambda: self._status.stat().st_mtime > paused_at and not self.status().in_hand,
                timeout_s=deadline - time.monotonic(),
                every_s=0.1,
            )
        except AssertionError:
            return False
        return True

    def resume(self) -> None:
        """Go on."""
        self._pause_file.unlink()

    def stop(self) -> None:
        """End; what is accepted by then is in the journal."""
        self._process.stop(grace_s=END_WITHIN_S)

    def status(self) -> LoadStatus:
        """The counts of the last half second."""
        if not self._status.exists():
            return LoadStatus()
        return LoadStatus(**json.loads(self._status.read_text()))
