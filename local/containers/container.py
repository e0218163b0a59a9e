"""Container: the body of a service that runs in a Docker engine."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container as Engines

from local.errors import ServiceFailed

_LOOK_EVERY_S = 0.05
_GONE_WITHIN_S = 15.0
_CONFLICT = 409  # it is not in the state for what was asked: ended meanwhile, for example
_LOG_LINES = 200
_TICK = threading.Event()


class Container:
    """Started again it has the same port and files. Frozen by the engine's pause: every process
    in it stands still, which no program can notice or refuse. Methods raise ServiceFailed."""

    def __init__(self, container: Engines) -> None:
        self._container = container

    @property
    def running(self) -> bool:
        """True while it lives, frozen or not."""
        return bool(self._state()["Running"])

    @property
    def frozen(self) -> bool:
        """True while it lives and stands still."""
        return bool(self._state()["Paused"])

    @property
    def pid(self) -> int:
        """Its first process, as the engine's machine numbers it."""
        return int(self._state()["Pid"])

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        state = self._state()
        code = int(state["ExitCode"])
        if state["Running"]:
            return None
        return 128 - code if code > 128 else code  # noqa: PLR2004 - as shells number signals

    def start(self) -> None:
        """Start it, for the first time or again."""
        with _asking("start"):
            self._container.start()

    def wait(self, timeout_s: float) -> bool:
        """True as soon as it has ended, False after `timeout_s` seconds."""
        deadline = time.monotonic() + timeout_s
        while self.running:
            if time.monotonic() >= deadline:
                return False
            _TICK.wait(_LOOK_EVERY_S)
        return True

    def signal(self, number: int) -> None:
        """Send a signal to its first process; nothing happens if it has ended."""
        try:
            self._container.kill(signal=int(number))
        except NotFound:
            return
        except APIError as error:
            if error.status_code != _CONFLICT or self.running:
                raise ServiceFailed(
                    f"the engine refuses to signal: {error.explanation}"
                ) from error

    def freeze(self) -> None:
        """Pause it; returns when everything in it stands still."""
        if not self.frozen:
            with _asking("pause"):
                self._container.pause()

    def thaw(self) -> None:
        """Let it go on; nothing if it is not frozen."""
        if self.frozen:
            with _asking("unpause"):
                self._container.unpause()

    def kill(self) -> bool:
        """SIGKILL everything in it, frozen or not. True when all is gone."""
        self.signal(signal.SIGKILL)
        return self.wait(_GONE_WITHIN_S)

    def save_log(self, path: Path) -> None:
        """Write the last lines of its output to this file."""
        with suppress(DockerException, OSError):
            path.write_bytes(self._container.logs(tail=_LOG_LINES))

    def remove(self) -> None:
        """Remove it, and what it keeps unless that has a name."""
        with _asking("remove"), suppress(NotFound):
            self._container.remove(force=True, v=True)

    def _state(self) -> dict[str, Any]:
        try:
            with _asking("inspect"):
                self._container.reload()
        except ServiceFailed as error:
            if isinstance(error.__cause__, NotFound):
                return {"Running": False, "Paused": False, "Pid": 0, "ExitCode": -1}
            raise
        state: dict[str, Any] = self._container.attrs["State"]
        return state


@contextmanager
def _asking(what: str) -> Iterator[None]:
    """OSError: the engine itself is away; the rest: it refuses."""
    try:
        yield
    except (DockerException, OSError) as error:
        raise ServiceFailed(f"the engine did not {what} a container: {error}") from error
