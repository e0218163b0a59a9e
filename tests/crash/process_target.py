"""A relay or a consumer as a target: it is back when it moves something."""

import signal
import threading
import time
from datetime import UTC, datetime

from local.errors import ServiceFailed
from local.processes import ManagedProcess
from tests.crash.plan import KILL, RESTART, Draw
from tests.crash.pulse import Pulse
from tests.crash.targets import Target, wait_for

REVIVED_WITHIN_S = 10.0  # the supervisor's longest pause, twice


class ProcessTarget(Target):
    """Killed, frozen, or asked to end; a supervisor starts it again."""

    def __init__(self, process: ManagedProcess, *, pulse: Pulse) -> None:
        super().__init__(process.name)
        self._process = process
        self._pulse = pulse
        self._ended_pid = 0
        self._since = datetime.now(UTC)

    def harm(self, draw: Draw, *, hurry: threading.Event) -> float:
        wait_for(lambda: self._process.running, timeout_s=REVIVED_WITHIN_S)
        pid = self._process.pid
        match draw.choice.kind:
            case "kill":
                self._process.kill()
            case "restart":
                self._process.signal(signal.SIGTERM)
            case "freeze":
                self._process.freeze()
                hurry.wait(draw.lasts_s)
                self._process.thaw()
        self._ended_pid = pid if draw.choice.kind in {KILL, RESTART} else 0
        self._since = datetime.now(UTC)
        return time.monotonic()

    def wait_back(self, timeout_s: float) -> bool:
        return wait_for(self._is_back, timeout_s=timeout_s)

    def _is_back(self) -> bool:
        try:
            pid = self._process.pid
        except ServiceFailed:
            return False
        return pid != self._ended_pid and self._pulse.has_moved(pid, since=self._since)
