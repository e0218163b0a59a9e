"""What every local service can do: start, be waited for, stop, die, freeze and come back."""

from __future__ import annotations

import os
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from local.body import Body, ProcessBody
from local.children import shared_guard
from local.errors import ServiceFailed
from local.logfile import LogFile
from local.ports import PortLease, lease_port

if TYPE_CHECKING:
    from local.containers.container import Container
    from local.containers.engine import Engine
    from local.containers.plan import ContainerPlan

Say = Callable[[str], None]


def quiet(_text: str) -> None:
    """Say nothing."""


class Service(ABC):
    """One real service with its own directory, port and log file, on 127.0.0.1 only.

    It runs as a process, or as a container in the engine that `run_in()` named. Port and data
    stay the same over stop, kill and restart. Every method raises ServiceFailed, quoting the
    log's last lines, when it cannot do what it promises.
    """

    name: ClassVar[str]
    variable: ClassVar[str]
    stop_signal: ClassVar[int] = signal.SIGTERM

    def __init__(self, directory: Path, *, say: Say = quiet) -> None:
        self.directory = directory.resolve()
        self.log = LogFile(self.directory / f"{self.name}.log")
        self.say = say
        self.started_at = 0.0  # by the monotonic clock; the last time
        self._body: Body | None = None
        self._engine: Engine | None = None
        self._container: Container | None = None
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
    def answers(self) -> bool:
        """One probe, as a client would do it, for a few seconds at most: True when it works."""

    def _contained(self) -> ContainerPlan:
        """The container that does the same."""
        raise ServiceFailed(f"{self.name} does not come as a container")

    def _begin_anew(self) -> None:  # noqa: B027 - not every service has something to forget
        """Called before the first start of a container that finds nothing of an earlier one."""

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
        return self._body is not None and self._body.running

    @property
    def frozen(self) -> bool:
        """True while it lives and stands still."""
        return self._body is not None and self._body.frozen

    @property
    def pid(self) -> int:
        """The process id. Raises ServiceFailed when it does not run."""
        return self._living().pid

    def run_in(self, engine: Engine) -> None:
        """Run as a container from now on; to be called before the first start."""
        self._engine = engine

    def start(self) -> None:
        """Start it; `wait_ready()` tells when it can be used. Nothing if it runs."""
        if self.running:
            return
        self.started_at = time.monotonic()
        self.directory.mkdir(parents=True, exist_ok=True)
        if self._engine is not None:
            self._body = self._start_container(self._engine)
            return
        self._prepare()
        self._body = self._spawn(self._argv(), user=self._user())

    def wait_ready(self, timeout_s: float = 30.0) -> None:
        """Return as soon as it answers a client."""
        deadline = time.monotonic() + timeout_s
        while not self.answers():
            if not self.running:
                raise self._failure(f"ended with exit code {self._returncode()}")
            if time.monotonic() >= deadline:
                raise self._failure(f"did not answer within {timeout_s:g} s")
            if self._abandoned.wait(0.02):
                raise self._failure("was abandoned")

    def stop(self, *, timeout_s: float = 15.0, immediate: bool = False) -> None:
        """End it in order, with force after `timeout_s` seconds or when `immediate`."""
        body = self._body
        if body is None or not body.running:
            return
        if not immediate:
            body.thaw()
            body.signal(self.stop_signal)
            if body.wait(timeout_s):
                return
        self.kill()

    def kill(self) -> None:
        """SIGKILL all its processes; returns when they are gone."""
        if self._body is not None and not self._body.kill():
            raise self._failure("survived SIGKILL")

    def freeze(self) -> None:
        """Freeze all its processes; returns when they stand still."""
        self._living().freeze()

    def thaw(self) -> None:
        """Let a frozen service go on."""
        self._living().thaw()

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
        """Give up its ports and its container, after the last stop."""
        if self._container is not None:
            self._container.remove()
            self._body = self._container = None
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

    def _start_container(self, engine: Engine) -> Container:
        if self._container is not None:
            self._container.start()
            return self._container
        engine.clear(self.directory)  # first: it may hold our port
        if engine.begins_anew(self.directory):
            self._begin_anew()
        plan = self._contained()
        engine.fetch(plan.image, say=self.say, abandoned=self._abandoned)
        self._container = engine.create(plan, port=self.port, directory=self.directory)
        return self._container

    def _spawn(self, argv: Sequence[str | Path], *, user: str | None = None) -> ProcessBody:
        if self._abandoned.is_set():
            raise self._failure("was abandoned")
        return ProcessBody(
            shared_guard().spawn(
                argv,
                environment=self._environment(),
                directory=self.directory,
                log=self.log.path,
                user=user,
            )
        )

    def _run(self, argv: Sequence[str | Path], *, user: str | None = None) -> None:
        self._body = body = self._spawn(argv, user=user)
        deadline = time.monotonic() + 120.0
        while not body.wait(0.1):
            if not self._abandoned.is_set() and time.monotonic() < deadline:
                continue
            body.kill()
        if body.returncode != 0:
            raise self._failure(f"{Path(argv[0]).name} ended with exit code {body.returncode}")

    def _living(self) -> Body:
        if self._body is None or not self._body.running:
            raise self._failure("does not run")
        return self._body

    def _returncode(self) -> int | None:
        return self._body.returncode if self._body is not None else None

    def _failure(self, what: str) -> ServiceFailed:
        if self._body is not None:
            self._body.save_log(self.log.path)
        tail = self.log.tail() or "(empty)"
        return ServiceFailed(f"{self.name} {what}. The end of {self.log.path}:\n{tail}")
