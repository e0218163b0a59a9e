"""Parts: what plays in the demo and can be stopped, started and killed by its name."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod

import psutil

from local.demo.living.figures import Condition, PartState
from local.errors import LocalError
from local.processes import ManagedProcess
from local.service import Say, Service
from local.supervisor import Supervisor

_LOOK_EVERY_S = 0.25
_AGAIN_AFTER_S = 5.0


class Part(ABC):
    """Methods raise LocalError."""

    name: str

    @abstractmethod
    def stop(self) -> None:
        """Stop it in order; it stays so until `start()`."""

    @abstractmethod
    def start(self) -> None:
        """Start it; nothing if it runs."""

    @abstractmethod
    def kill(self) -> int:
        """End it with SIGKILL, to be started again by itself; returns its process id."""

    @abstractmethod
    def state(self) -> PartState:
        """How it is now."""


class ProcessPart(Part):
    """One of the project's processes; the supervisor revives it."""

    def __init__(self, process: ManagedProcess, *, supervisor: Supervisor) -> None:
        self.name = process.name
        self._process = process
        self._supervisor = supervisor

    def stop(self) -> None:
        """Stop it in order; it stays so until `start()`."""
        self._process.stop()

    def start(self) -> None:
        """Start it; nothing if it runs."""
        self._process.start()

    def kill(self) -> int:
        """End it with SIGKILL, to be started again by itself; returns its process id."""
        pid = self._process.pid
        self._process.kill()
        return pid

    def state(self) -> PartState:
        """How it is now."""
        restarts = sum(each.name == self.name for each in self._supervisor.revivals)
        condition: Condition = "down" if self._process.wanted else "stopped"
        try:
            process = psutil.Process(self._process.pid)
            is_frozen = process.status() == psutil.STATUS_STOPPED
            up_s = max(0.0, time.time() - process.create_time())
        except (LocalError, psutil.NoSuchProcess):
            return PartState(name=self.name, condition=condition, restarts=restarts)
        return PartState(
            name=self.name,
            condition="frozen" if is_frozen else "up",
            pid=process.pid,
            up_s=up_s,
            restarts=restarts,
        )


class ServicePart(Part):
    """One of our services; this part itself revives it, from a thread of its own."""

    def __init__(self, service: Service, *, say: Say) -> None:
        self.name = service.name
        self._service = service
        self._say = say
        self._wanted = True
        self._restarts = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, args=(self._stop,), daemon=True)

    def watch(self) -> None:
        """Begin to look after it."""
        self._thread.start()

    def leave(self) -> None:
        """Look after it no more, nor start it ever again."""
        self._stop.set()
        self._service.abandon()
        self._thread.join()

    def stop(self) -> None:
        """Stop it in order; it stays so until `start()`."""
        with self._lock:
            self._wanted = False
            self._service.stop()

    def start(self) -> None:
        """Start it and wait until it answers; nothing if it runs."""
        with self._lock:
            self._wanted = True
            self._begin()

    def kill(self) -> int:
        """End it with SIGKILL, to be started again by itself; returns its process id."""
        pid = self._service.pid
        self._service.kill()
        return pid

    def state(self) -> PartState:
        """How it is now."""
        condition: Condition = "down" if self._wanted else "stopped"
        try:
            pid = self._service.pid
            condition = "frozen" if self._service.frozen else "up"
        except LocalError:
            return PartState(name=self.name, condition=condition, restarts=self._restarts)
        return PartState(
            name=self.name,
            condition=condition,
            pid=pid,
            up_s=time.monotonic() - self._service.started_at,
            restarts=self._restarts,
        )

    def run(self, stop: threading.Event) -> None:
        """Look after it until told to stop."""
        while not stop.wait(_LOOK_EVERY_S):
            self.run_once()

    def run_once(self) -> None:
        """Start it again if it has died."""
        with self._lock:
            if not self._wanted or self._service.running:
                return
            try:
                self._begin()
            except (LocalError, OSError) as error:
                if not self._stop.is_set():
                    self._say(f"{self.name} cannot be started again: {_first_line(error)}")
                    self._stop.wait(_AGAIN_AFTER_S)
                return
            self._restarts += 1
        self._say(f"{self.name} had died and was started again")

    def _begin(self) -> None:
        self._service.start()
        self._service.wait_ready()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
