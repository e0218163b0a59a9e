"""All services together, in one directory, started in parallel."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
import uuid
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from local.children import shared_guard
from local.containers.choice import containers_wanted
from local.errors import DirectoryInUse, ServiceFailed
from local.kafka import Kafka
from local.postgres import Postgres
from local.service import Say, Service, quiet
from local.smtp import Smtp
from local.valkey import Valkey

if TYPE_CHECKING:
    from local.containers.engine import Engine

Name = Literal["postgres", "kafka", "valkey", "smtp"]
ALL: tuple[Name, ...] = ("postgres", "kafka", "valkey", "smtp")

_S = TypeVar("_S", bound=Service)
_KINDS: dict[str, type[Service]] = {kind.name: kind for kind in (Postgres, Kafka, Valkey, Smtp)}
_CONTAINED = (Postgres, Kafka, Valkey)


class Stack:
    """A context manager: inside, every service answers; afterwards, none of their processes lives.

    A service whose variable (DATABASE_URL, KAFKA_BOOTSTRAP_SERVERS, REDIS_URL, EMAIL_URL) is set
    in `environ` is not started: the one named there is used. With `directory` the data stays for
    the next time; without, it lies in a temporary directory and goes. With SERVICES=containers
    in `environ` all but the SMTP server run as containers.

    Raises NoSuchServices for an unknown SERVICES. Entering raises the same when no Docker engine
    answers, ServiceFailed when a service does not come up within `timeout_s`, and
    DirectoryInUse when another living stack works in the directory.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        services: Collection[Name] = ALL,
        say: Say = quiet,
        environ: Mapping[str, str] = os.environ,
        timeout_s: float = 120.0,
    ) -> None:
        self._temporary = directory is None
        temporary = Path(tempfile.gettempdir()) / f"waybill-{uuid.uuid4().hex[:12]}"
        self.directory = (directory or temporary).resolve()
        self._say = say = _one_at_a_time(say)
        self._timeout_s = timeout_s
        self._lock: int | None = None
        wanted = [_KINDS[name] for name in services]
        self._external = {
            kind.variable: environ[kind.variable] for kind in wanted if environ.get(kind.variable)
        }
        if "DATABASE_URL" in self._external and environ.get("RELAY_DATABASE_URL"):
            self._external["RELAY_DATABASE_URL"] = environ["RELAY_DATABASE_URL"]
        self._engine: Engine | None = None
        self._contained = set(_CONTAINED if containers_wanted(environ) else ())
        self._services = {
            kind.name: kind(self._directory_of(kind), say=say)
            for kind in wanted
            if kind.variable not in self._external
        }

    @property
    def services(self) -> tuple[Service, ...]:
        """The services of our own, external ones left out."""
        return tuple(self._services.values())

    @property
    def postgres(self) -> Postgres:
        """Our PostgreSQL. Raises LookupError when it is external or not part of the stack."""
        return self._own(Postgres)

    @property
    def kafka(self) -> Kafka:
        """Our broker. Raises LookupError when it is external or not part of the stack."""
        return self._own(Kafka)

    @property
    def valkey(self) -> Valkey:
        """Our Valkey. Raises LookupError when it is external or not part of the stack."""
        return self._own(Valkey)

    @property
    def smtp(self) -> Smtp:
        """Our SMTP server. Raises LookupError when it is external or not part of the stack."""
        return self._own(Smtp)

    @property
    def environment(self) -> dict[str, str]:
        """What child processes need to find the services: one variable each.

        RELAY_DATABASE_URL is there too when the database is ours.
        """
        own = {service.variable: service.url for service in self.services}
        if "DATABASE_URL" in own:
            own["RELAY_DATABASE_URL"] = own["DATABASE_URL"]
        return {**self._external, **own}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all services at once and wait until each answers; if one fails, stop all.

        A stack that failed is not started again: make another.
        """
        try:
            self._take_directory()
            self._find_engine()
            with ThreadPoolExecutor(max_workers=len(_KINDS)) as pool:
                self._start_all(pool)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all services and give the directory free; may be called twice.

        Raises ServiceFailed when one survives even SIGKILL.
        """
        # The data of a temporary stack goes anyway: no need to end in order.
        with ThreadPoolExecutor(max_workers=len(_KINDS)) as pool:
            stops = [
                pool.submit(service.stop, immediate=self._temporary) for service in self.services
            ]
        for service in self.services:
            service.release()
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)
        for stopped in stops:
            stopped.result()

    def _start_all(self, pool: ThreadPoolExecutor) -> None:
        try:
            for started in as_completed(
                [pool.submit(self._bring_up, service) for service in self.services]
            ):
                started.result()
        except BaseException:
            # The pool waits for its threads: let the others end soon.
            for service in self.services:
                service.abandon()
            raise

    def _bring_up(self, service: Service) -> None:
        self._say(f"Starting {service.name}")
        for last_try in (False, False, True):
            try:
                service.start()
                service.wait_ready(self._timeout_s)
                break
            except ServiceFailed as error:
                # Somebody who takes no leases was quicker: go elsewhere.
                if last_try or "in use" not in str(error):
                    raise
                service.move()
        self._say(f"{service.name} answers at 127.0.0.1:{service.port}")

    def _directory_of(self, kind: type[Service]) -> Path:
        # Not the one of the process: its data and passwords are others.
        name = f"{kind.name}-container" if kind in self._contained else kind.name
        return self.directory / name

    def _find_engine(self) -> None:
        contained = [each for each in self.services if type(each) in self._contained]
        if not contained:
            return
        from local.containers.engine import Engine  # noqa: PLC0415 - slow, and mostly not needed

        self._engine = Engine(keeps_data=not self._temporary)
        for service in contained:
            service.run_in(self._engine)

    def _take_directory(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._temporary:
            shared_guard().remove_at_end(self.directory)
        self._lock = os.open(self.directory / "stack.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(self._lock, 32, 0).decode() or "unknown"
            raise DirectoryInUse(
                f"{self.directory} is in use by another stack (process {owner}); "
                "stop that one or choose another directory"
            ) from error
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def _own(self, kind: type[_S]) -> _S:
        service = self._services.get(kind.name)
        if not isinstance(service, kind):
            raise LookupError(f"{kind.name} is not ours here")  # noqa: TRY004 - absent, not wrong
        return service


def _one_at_a_time(say: Say) -> Say:
    # Services start in threads of their own; who listens should not have to know.
    lock = threading.Lock()

    def speak(text: str) -> None:
        with lock:
            say(text)

    return speak
