"""Watches several processes and starts again the ones that die unexpectedly."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from local.errors import LocalError
from local.processes import ManagedProcess
from local.service import Say, quiet

_LOOK_EVERY_S = 0.05
_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 5.0
_HEALTHY_AFTER_S = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Revival:
    """One unexpected death and what followed: the process was started again at `at`."""

    name: str
    at: datetime
    exit_code: int | None
    backoff_s: float


class _Watch:
    """What the supervisor remembers about one process."""

    def __init__(self, process: ManagedProcess) -> None:
        self.process = process
        self.backoff_s = _FIRST_BACKOFF_S
        self.alive_since = time.monotonic()
        self.revive_at: float | None = None

    def due(self, now: float) -> bool:
        """True when the process is dead, should not be, and has waited its backoff."""
        process = self.process
        if process.running or not process.wanted or process.restart == "never":
            self.revive_at = None
            return False
        if self.revive_at is None:
            if now - self.alive_since >= _HEALTHY_AFTER_S:
                self.backoff_s = _FIRST_BACKOFF_S
            self.revive_at = now + self.backoff_s
        return now >= self.revive_at

    def revived(self, now: float) -> float:
        """Note the start; the next death soon after waits longer. The backoff that was kept."""
        kept, self.backoff_s = self.backoff_s, min(self.backoff_s * 2, _LONGEST_BACKOFF_S)
        self.alive_since, self.revive_at = now, None
        return kept


class Supervisor:
    """One thread that revives processes with a growing pause (0.2 s to 5 s).

    Only deaths between a process's `start()` and its `stop()` count as unexpected. As a context
    manager it stops all processes at the end, in reverse order of adding.
    """

    def __init__(self, *, say: Say = quiet) -> None:
        self._say = say
        self._watches: list[_Watch] = []
        self._revivals: list[Revival] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def revivals(self) -> list[Revival]:
        """Every revival so far, oldest first."""
        return list(self._revivals)

    def add(self, process: ManagedProcess) -> ManagedProcess:
        """Start a process, if it does not run yet, and watch it from now on."""
        process.start()
        self._watches.append(_Watch(process))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
            self._thread.start()
        return process

    def stop(self, *, grace_s: float = 10.0) -> None:
        """Stop watching, then stop every process, the last added first; may be called twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        for watch in reversed(self._watches):
            watch.process.stop(grace_s=grace_s)

    def run_once(self) -> None:
        """Look at every process once."""
        for watch in list(self._watches):
            now = time.monotonic()
            if watch.due(now):
                self._revive(watch, now=now)

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            self.run_once()

    def _revive(self, watch: _Watch, *, now: float) -> None:
        process = watch.process
        exit_code = process.returncode
        backoff_s = watch.revived(now)
        try:
            if not process.revive():
                return
        except (LocalError, OSError) as error:
            self._say(f"{process.name} cannot be started again: {error}")
            return
        self._revivals.append(
            Revival(
                name=process.name, at=datetime.now(UTC), exit_code=exit_code, backoff_s=backoff_s
            )
        )
        self._say(f"{process.name} ended with exit code {exit_code} and was started again")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
