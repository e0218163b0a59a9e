"""Runs one of the project's own processes: gunicorn, a relay, a consumer."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from local import trees
from local.children import Child, shared_guard
from local.errors import ServiceFailed
from local.logfile import LogFile

Restart = Literal["always", "never"]


class ManagedProcess:
    """A process that can be started, stopped, killed, frozen and read from.

    It and all it starts end with the Python process that manages it, whatever happens to that.
    Output of every run is appended to `log`. Methods raise ServiceFailed, quoting the log.
    """

    def __init__(
        self,
        name: str,
        *,
        argv: Sequence[str | Path],
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
        restart: Restart = "always",
    ) -> None:
        self.name = name
        self.restart = restart
        self.log = LogFile(log.resolve())
        self._argv = argv
        self._environment = environment
        self._directory = directory
        self._child: Child | None = None
        self._run_began_at_byte = 0
        self._lock = threading.Lock()
        self._wanted = False

    @property
    def wanted(self) -> bool:
        """True from `start()` to `stop()`: when it does not run then, it died unexpectedly."""
        return self._wanted

    @property
    def running(self) -> bool:
        """True while the process lives, frozen or not."""
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int:
        """The process id. Raises ServiceFailed when it does not run."""
        return self._living().pid

    @property
    def returncode(self) -> int | None:
        """The exit code of the last run, negative for a signal; None while it runs."""
        return self._child.returncode if self._child is not None else None

    def start(self) -> None:
        """Start it; nothing if it runs."""
        with self._lock:
            self._wanted = True
            self._launch()

    def revive(self) -> bool:
        """Start it again if it should run and does not. True when it was started."""
        with self._lock:
            if self._wanted and not self.running:
                self._launch()
                return True
            return False

    def stop(self, *, grace_s: float = 10.0) -> int | None:
        """SIGTERM, and SIGKILL for it and all it started after `grace_s`. The exit code."""
        with self._lock:
            self._wanted = False
            child = self._child
            if child is not None and child.running:
                trees.thaw(child)
                child.signal(signal.SIGTERM)
                if not child.wait(grace_s):
                    trees.kill(child)
            return self.returncode

    def kill(self) -> None:
        """SIGKILL it and all it started; returns when they are gone. A supervisor revives it."""
        if self._child is not None and not trees.kill(self._child):
            raise self._failure("survived SIGKILL")

    def signal(self, number: int) -> None:
        """Send a signal to the process alone."""
        self._living().signal(number)

    def freeze(self) -> None:
        """SIGSTOP it and all it started; returns when they stand still."""
        trees.freeze(self._living())

    def thaw(self) -> None:
        """Let a frozen process go on."""
        trees.thaw(self._living())

    def wait_exit(self, timeout_s: float) -> int:
        """The exit code, once this run has ended. Raises ServiceFailed after `timeout_s`."""
        child = self._child
        if child is None or not child.wait(timeout_s) or child.returncode is None:
            raise self._failure(f"did not end within {timeout_s:g} s")
        return child.returncode

    def wait_for_log(
        self, pattern: str | re.Pattern[str], *, timeout_s: float, since: int | None = None
    ) -> str:
        """The first text in the log that matches, from this run or from byte `since` on.

        A plain text is taken literally. Raises ServiceFailed after `timeout_s`.
        """
        start = self._run_began_at_byte if since is None else since
        found = self.log.wait_for(pattern, timeout_s=timeout_s, since=start)
        if found is None:
            raise self._failure(f"did not write {pattern!r} within {timeout_s:g} s")
        return found

    def _launch(self) -> None:
        if self.running:
            return
        # A port or a lock that the dead run's children still hold would fail the new one.
        if self._child is not None and not trees.kill_leftovers(self._child):
            raise self._failure("left processes behind that survived SIGKILL")
        self.log.path.parent.mkdir(parents=True, exist_ok=True)
        self._run_began_at_byte = self.log.size()
        self._child = shared_guard().spawn(
            self._argv,
            environment=self._environment,
            directory=self._directory,
            log=self.log.path,
        )

    def _living(self) -> Child:
        if self._child is None or not self._child.running:
            raise self._failure("does not run")
        return self._child

    def _failure(self, what: str) -> ServiceFailed:
        tail = self.log.tail() or "(empty)"
        return ServiceFailed(f"{self.name} {what}. The end of {self.log.path}:\n{tail}")
