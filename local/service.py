"""What every local service can do: start, be waited for, stop, die, freeze and come back."""

from __future__ import annotations

import os
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from local import trees
from local.children import Child, shared_guard
from local.errors import ServiceFailed
from local.logfile import LogFile
from local.ports import PortLease, lease_port

Say = Callable[[str], None]


def quiet(_text: str) -> None:
    """Say nothing."""


class Service(ABC):
    """One real service with its own directory, port and log file, on 127.0.0.1 only.

    Port and data stay the same over stop, kill and restart. Every method raises ServiceFailed,
    quoting the log's last lines, when it cannot do what it promises.
    """

    name: ClassVar[str]
    variable: ClassVar[str]
    stop_signal: ClassVar[int] = signal.SIGTERM

    def __init__(self, directory: Path, *, say: Say = quiet) -> None:
        self.directory = directory.resolve()
        self.log = LogFile(self.directory / f"{self.name}.log")
        self.say = say
        self._child: Child | None = None
        self._leases: dict[str, PortLease] = {}
        self._abandoned = threading.Event()

    # What a service says about itself

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it, as the value of its environment variable."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make or repair what is on disk, before the start."""

    @abstractmethod
    def _argv(self) -> Sequence[str | Path]:
        """The program."""

    @abstractmethod
    def _answers(self) -> bool:
        """One probe, as a client would do it: True when the service works."""

    def _user(self) -> str | None:
        return None

    def _environment(self) -> dict[str, str]:
        # Nothing of ours: PGPORT or JAVA_TOOL_OPTIONS of a developer's shell must not reach it.
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}

    # What is done with it

    @property
    def port(self) -> int:
        """The port clients connect to; the same for as long as this object and directory live."""
        return self._lease("port")

    @property
    def running(self) -> bool:
        """True while its process lives, frozen or not."""
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int:
        """The process id. Raises ServiceFailed when it does not run."""
        return self._living().pid

    def start(self) -> None:
        """Start the process; `wait_ready()` tells when it can be used. Nothing if it runs."""
        if self.running:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        self._prepare()
        self._child = self._spawn(self._argv(), user=self._user())

    def wait_ready(self, timeout_s: float = 30.0) -> None:
        """Return as soon as it answers a client."""
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            if not self.running:
                raise self._failure(f"ended with exit code {self._returncode()}")
            if time.monotonic() >= deadline:
                raise self._failure(f"did not answer within {timeout_s:g} s")
            if self._abandoned.wait(0.02):
                raise self._failure("was abandoned")

    def stop(self, *, timeout_s: float = 15.0, immediate: bool = False) -> None:
        """End it in order, with force after `timeout_s` seconds or when `immediate`."""
        child = self._child
        if child is None or not child.running:
            return
        if not immediate:
            trees.thaw(child)
            child.signal(self.stop_signal)
            if child.wait(timeout_s):
                return
        self.kill()

    def kill(self) -> None:
        """SIGKILL all its processes; returns when they are gone."""
        if self._child is not None and not trees.kill(self._child):
            raise self._failure("survived SIGKILL")

    def freeze(self) -> None:
        """SIGSTOP all its processes; returns when they stand still."""
        trees.freeze(self._living())

    def thaw(self) -> None:
        """Let a frozen service go on."""
        trees.thaw(self._living())

    def restart(self, *, timeout_s: float = 30.0, immediate: bool = False) -> None:
        """Stop, start on the same port and data, wait until it answers."""
        self.stop(immediate=immediate)
        self.start()
        self.wait_ready(timeout_s)

    def abandon(self) -> None:
        """Make a start that is under way in another thread fail soon; for good."""
        self._abandoned.set()

    def move(self) -> None:
        """Stop it for good and give it other ports; the data stays."""
        self.stop(immediate=True)
        self.release()
        for memory in (self.directory / name for name in ("port", "controller_port")):
            memory.unlink(missing_ok=True)

    def release(self) -> None:
        """Give up its ports, after the last stop."""
        for lease in self._leases.values():
            lease.release()
        self._leases.clear()

    # Tools for the services

    def _lease(self, name: str) -> int:
        if name not in self._leases:
            self.directory.mkdir(parents=True, exist_ok=True)
            memory = self.directory / name
            wanted = int(memory.read_text()) if memory.exists() else None
            self._leases[name] = lease_port(wanted)
            memory.write_text(str(self._leases[name].port))
        return self._leases[name].port

    def _spawn(self, argv: Sequence[str | Path], *, user: str | None = None) -> Child:
        if self._abandoned.is_set():
            raise self._failure("was abandoned")
        return shared_guard().spawn(
            argv,
            environment=self._environment(),
            directory=self.directory,
            log=self.log.path,
            user=user,
        )

    def _run(self, argv: Sequence[str | Path], *, user: str | None = None) -> None:
        self._child = child = self._spawn(argv, user=user)
        deadline = time.monotonic() + 120.0
        while not child.wait(0.1):
            if not self._abandoned.is_set() and time.monotonic() < deadline:
                continue
            trees.kill(child)
        if child.returncode != 0:
            raise self._failure(f"{Path(argv[0]).name} ended with exit code {child.returncode}")

    def _living(self) -> Child:
        if self._child is None or not self._child.running:
            raise self._failure("does not run")
        return self._child

    def _returncode(self) -> int | None:
        return self._child.returncode if self._child is not None else None

    def _failure(self, what: str) -> ServiceFailed:
        tail = self.log.tail() or "(empty)"
        return ServiceFailed(f"{self.name} {what}. The end of {self.log.path}:\n{tail}")
