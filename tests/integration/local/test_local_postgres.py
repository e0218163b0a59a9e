"""PostgreSQL: used, killed, frozen and restarted, with the data still there."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

import psutil
import psycopg
import pytest

from local.errors import ServiceFailed
from local.postgres import Postgres
from local.stack import Stack


@pytest.fixture
def postgres(stack: Stack) -> Postgres:
    return stack.postgres


def ask(postgres: Postgres, statement: str) -> list[tuple[Any, ...]]:
    connection = psycopg.connect(postgres.url, autocommit=True, connect_timeout=5)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_the_role_may_create_databases_and_is_no_superuser(postgres: Postgres) -> None:
    rows = ask(postgres, "SELECT rolcreatedb, rolsuper FROM pg_roles WHERE rolname = user")
    assert rows == [(True, False)]
    assert ask(postgres, "SHOW server_version")[0][0].startswith("18")
    assert (postgres.directory / "password").stat().st_mode & 0o777 == 0o600


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url.replace(postgres.password, "wrong"))


def test_committed_rows_survive_kill_9_and_no_process_does(postgres: Postgres) -> None:
    ask(postgres, "CREATE TABLE killed AS SELECT 1 AS n")
    url = postgres.url
    everybody = [psutil.Process(postgres.pid), *psutil.Process(postgres.pid).children()]
    assert len(everybody) > 3
    postgres.kill()
    assert not any(process.is_running() for process in everybody)
    with pytest.raises(psycopg.OperationalError):
        ask(postgres, "SELECT 1")
    assert (postgres.directory / "data" / "postmaster.pid").exists()
    postgres.start()
    postgres.wait_ready()
    assert postgres.url == url
    assert ask(postgres, "SELECT n FROM killed") == [(1,)]


def test_it_starts_again_after_the_postmaster_alone_was_killed(postgres: Postgres) -> None:
    os.kill(postgres.pid, signal.SIGKILL)
    postgres.kill()
    postgres.start()
    postgres.wait_ready()


def test_a_pid_file_naming_another_program_does_not_hinder_the_start(postgres: Postgres) -> None:
    postgres.kill()
    pid_file = postgres.directory / "data" / "postmaster.pid"
    _pid, *rest = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *rest]) + "\n")
    postgres.start()
    postgres.wait_ready()


def test_a_frozen_server_does_not_answer_until_thawed(postgres: Postgres) -> None:
    postgres.freeze()
    children = psutil.Process(postgres.pid).children()
    assert {process.status() for process in children} == {psutil.STATUS_STOPPED}
    with pytest.raises(psycopg.OperationalError, match="timeout"):
        psycopg.connect(postgres.url, connect_timeout=2)
    postgres.thaw()
    postgres.wait_ready()
    assert ask(postgres, "SELECT 1") == [(1,)]


def test_a_frozen_server_can_be_killed(postgres: Postgres) -> None:
    postgres.freeze()
    postgres.kill()
    assert not postgres.running
    postgres.start()
    postgres.wait_ready()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_cuts_sessions_and_keeps_the_port(postgres: Postgres, mode: Any) -> None:
    with contextlib.closing(psycopg.connect(postgres.url)) as session:
        postgres.restart(mode=mode)
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    assert ask(postgres, "SELECT 1") == [(1,)]


def test_a_broken_configuration_fails_with_the_logs_last_lines(postgres: Postgres) -> None:
    postgres.stop()
    configuration = postgres.directory / "data" / "postgresql.auto.conf"
    good = configuration.read_text()
    configuration.write_text("no_such_setting = 1\n")
    try:
        postgres.start()
        with pytest.raises(ServiceFailed, match="no_such_setting"):
            postgres.wait_ready()
    finally:
        configuration.write_text(good)
    postgres.start()
    postgres.wait_ready()
