"""Alive, and able to serve."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from events.api.readiness import Readiness

BringBack = Callable[[], None]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def silent_database() -> Iterator[BringBack]:
    """Something listens where the database should be, and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        before = connection.settings_dict["PORT"]
        connection.close()
        connection.settings_dict["PORT"] = listener.getsockname()[1]

        def bring_back() -> None:
            connection.settings_dict["PORT"] = before

        yield bring_back
        bring_back()


def test_alive_is_said_without_asking_anything(silent_database: BringBack) -> None:
    answer = Client().get("/livez")
    assert (answer.status_code, answer.content) == (200, b"alive\n")


def test_ready_needs_no_login() -> None:
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"ready\n")


def test_a_silent_database_is_told_within_the_deadline(silent_database: BringBack) -> None:
    readiness = Readiness(patience_s=0.2)
    began = time.monotonic()
    assert readiness.trouble() == "the database does not answer in time"
    assert readiness.trouble() == "the database does not answer in time"
    assert time.monotonic() - began < 1.5


def test_a_migration_that_is_not_applied_is_told_until_it_is() -> None:
    readiness = Readiness(patience_s=10)
    applied = MigrationRecorder.Migration.objects.filter(app="events", name="0001_initial")
    row = applied.get()
    applied.delete()
    try:
        assert readiness.trouble() == "migrations are not applied"
    finally:
        row.save(force_insert=True)
    assert readiness.trouble() == ""


def test_ready_again_when_the_database_is_back(silent_database: BringBack) -> None:
    readiness = Readiness(patience_s=10)
    assert readiness.trouble() == "the database cannot be reached"
    silent_database()
    assert readiness.trouble() == ""
