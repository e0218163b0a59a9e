"""When the service cannot store: 503 with Retry-After, and nothing by halves."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import InterfaceError, InternalError, OperationalError, connection, transaction
from django.test import Client

from events.api.publishing import accepting
from events.conf import Waybill
from events.models import Event, IdempotencyKey, OutboxEntry
from tests.integration.api.published import TYPE, post, refused

GOOD = {"type": TYPE, "data": 1}
BATCH = [GOOD, GOOD]

STATES = [
    psycopg.errors.DiskFull,
    psycopg.errors.TooManyConnections,
    psycopg.errors.OutOfMemory,
    psycopg.errors.AdminShutdown,
    psycopg.errors.CrashShutdown,
    psycopg.errors.CannotConnectNow,
    psycopg.errors.QueryCanceled,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.ConnectionFailure,
    psycopg.errors.IoError,
]


@pytest.fixture(autouse=True)
def open_gate() -> None:
    accepting._gate.cache_clear()


def django_error(error: type[psycopg.Error]) -> Exception:
    """The error as Django wraps it."""
    kinds = {psycopg.OperationalError: OperationalError, psycopg.InternalError: InternalError}
    wrapped = next(kind for base, kind in kinds.items() if issubclass(error, base))("no secret")
    wrapped.__cause__ = error("no secret")
    return wrapped


def failing(error: Exception) -> Callable[..., Any]:
    def fail(execute: Any, sql: str, *rest: Any) -> Any:
        if "events_outboxentry" in sql and "INSERT" in sql:
            raise error
        return execute(sql, *rest)

    return fail


@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": '"k"'}])
def test_a_state_of_the_database_is_not_the_callers_fault(
    api: Client, topic: str, state: type[psycopg.Error], headers: dict[str, str]
) -> None:
    for body in (GOOD, BATCH):
        with connection.execute_wrapper(failing(django_error(state))):
            answer = post(api, topic, body, headers=headers)
        refused(answer, status=503, code="unavailable")
        assert answer["Retry-After"] == "2"
        assert b"secret" not in answer.content
    assert post(api, topic, GOOD, headers=headers).status_code == 202
    assert Event.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error",
    [InterfaceError("closed"), psycopg.OperationalError("raw"), psycopg.InterfaceError("x")],
)
def test_a_lost_connection_is_none_either(api: Client, topic: str, error: Exception) -> None:
    with connection.execute_wrapper(failing(error)):
        refused(post(api, topic, GOOD), status=503, code="unavailable")


@pytest.mark.django_db
@pytest.mark.parametrize("state", [psycopg.errors.DataCorrupted, psycopg.errors.InternalError_])
def test_an_error_that_does_not_pass_is_an_error_of_ours(
    api: Client, topic: str, state: type[psycopg.Error]
) -> None:
    with connection.execute_wrapper(failing(django_error(state))):
        refused(post(api, topic, GOOD), status=500, code="internal-error")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": '"k"'}])
def test_a_database_that_only_reads_is_told_and_recovers(
    api: Client, topic: str, headers: dict[str, str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        for body in (GOOD, BATCH):
            refused(post(api, topic, body, headers=headers), status=503, code="unavailable")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
    assert not Event.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert post(api, topic, GOOD, headers=headers).status_code == 202


@pytest.mark.django_db
def test_an_old_backlog_shuts_the_door_until_it_is_gone(
    api: Client, topic: str, waybill_settings: Callable[..., Waybill]
) -> None:
    waybill_settings(backlog_age_limit_s=60.0)
    keyed = {"Idempotency-Key": '"before"'}
    before = post(api, topic, GOOD, headers=keyed)
    assert before.status_code == 202
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_outboxentry SET created_at = now() - interval '61 seconds'")
    accepting._gate.cache_clear()  # a second later

    for body in (GOOD, BATCH):
        answer = post(api, topic, body)
        refused(answer, status=503, code="backlog-too-old")
        assert answer["Retry-After"] == "5"
    assert Event.objects.count() == 1
    # What was answered before is answered again: it asks for nothing.
    again = post(api, topic, GOOD, headers=keyed)
    assert (again.status_code, again.content) == (202, before.content)
    refused(post(api, topic, {}), status=503, code="backlog-too-old")

    OutboxEntry.objects.all().delete()
    accepting._gate.cache_clear()
    assert post(api, topic, GOOD).status_code == 202


@pytest.mark.django_db
def test_the_backlog_is_not_asked_for_by_every_request(api: Client, topic: str) -> None:
    asked: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        for _ in range(10):
            assert post(api, topic, GOOD).status_code == 202
    assert len([sql for sql in asked if "RECURSIVE" in sql]) <= 2


@pytest.mark.django_db(transaction=True)
def test_an_atomic_batch_whose_middle_fails_leaves_nothing(api: Client, topic: str) -> None:
    with transaction.atomic():
        post(api, topic, {**GOOD, "id": "taken"})
    batch = [{**GOOD, "id": "new-1"}, {**GOOD, "id": "taken", "data": 2}, {**GOOD, "id": "new-2"}]
    refused(post(api, topic, batch), status=409, code="event-id-reused")
    assert Event.objects.count() == OutboxEntry.objects.count() == 1
