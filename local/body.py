"""Body: what a service runs in, a process with all it started, or a container."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import psutil

from local import trees
from local.children import Child


class Body(Protocol):
    """One run of a service, or several where the same container is started again."""

    @property
    def running(self) -> bool:
        """True while it lives, frozen or not."""

    @property
    def frozen(self) -> bool:
        """True while it lives and stands still."""

    @property
    def pid(self) -> int:
        """The id of its first process, as this machine numbers it."""

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""

    def wait(self, timeout_s: float) -> bool:
        """True as soon as it has ended, False after `timeout_s` seconds."""

    def signal(self, number: int) -> None:
        """Send a signal to its first process; nothing happens if it has ended."""

    def freeze(self) -> None:
        """Make it stand still; returns when it does."""

    def thaw(self) -> None:
        """Let it go on; nothing if it is not frozen."""

    def kill(self) -> bool:
        """SIGKILL everything in it. True when all is gone."""

    def save_log(self, path: Path) -> None:
        """See to it that what it wrote is in this file."""


class ProcessBody:
    """A process started through the guard, and its descendants."""

    def __init__(self, child: Child) -> None:
        self._child = child

    @property
    def running(self) -> bool:
        """True while it lives, frozen or not."""
        return self._child.running

    @property
    def frozen(self) -> bool:
        """True while it lives and stands still."""
        try:
            return self.running and psutil.Process(self.pid).status() == psutil.STATUS_STOPPED
        except psutil.NoSuchProcess:
            return False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._child.returncode

    def wait(self, timeout_s: float) -> bool:
        """True as soon as it has ended, False after `timeout_s` seconds."""
        return self._child.wait(timeout_s)

    def signal(self, number: int) -> None:
        """Send a signal to this process alone; nothing happens if it has ended."""
        self._child.signal(number)

    def freeze(self) -> None:
        """SIGSTOP it and all it started; returns when they stand still."""
        trees.freeze(self._child)

    def thaw(self) -> None:
        """SIGCONT to all of them."""
        trees.thaw(self._child)

    def kill(self) -> bool:
        """SIGKILL it and all it started. True when all are gone."""
        return trees.kill(self._child)

    def save_log(self, path: Path) -> None:
        """It writes there itself."""
