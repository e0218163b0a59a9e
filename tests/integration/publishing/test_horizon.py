"""The horizon passes what is settled and nothing else."""

from collections.abc import Iterator

import psycopg
import pytest
from django.utils import timezone

from events.models import OutboxEntry
from events.models.identifiers import new_id
from events.publishing.horizon import Horizon

pytestmark = pytest.mark.django_db(transaction=True)

INSERT = """
INSERT INTO events_outboxentry
    (event_id, topic, bucket, cause, by, created_at, attempts, last_error)
VALUES (%s, 'orders', 0, 'first', '', now(), 0, '') RETURNING sequence
"""


@pytest.fixture
def session(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def other(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as connection:
        yield connection


def publish() -> int:
    entry = OutboxEntry.objects.create(
        event_id=new_id(), topic="orders", bucket=0, created_at=timezone.now()
    )
    return entry.sequence


def insert(connection: psycopg.Connection) -> int:
    row = connection.execute(INSERT, [new_id()]).fetchone()
    assert row
    return int(row[0])


def test_it_passes_what_is_committed(session: psycopg.Connection) -> None:
    horizon = Horizon(session)
    last = publish()
    horizon.advance()
    assert horizon.passed == last


def test_it_stops_before_a_transaction_that_stored_something(
    session: psycopg.Connection, other: psycopg.Connection
) -> None:
    horizon = Horizon(session)
    before = publish()
    horizon.advance()
    late = insert(other)
    for _ in range(3):
        publish()
        horizon.advance()
    assert before <= horizon.passed < late
    other.commit()
    after = publish()
    horizon.advance()
    horizon.advance()
    assert horizon.passed >= after


def test_a_transaction_that_begins_to_store_later_does_not_stop_it_at_once(
    session: psycopg.Connection, other: psycopg.Connection
) -> None:
    horizon = Horizon(session)
    with psycopg.connect(other.info.dsn, password=other.info.password) as second:
        first = insert(other)
        horizon.advance()
        later = insert(second)
        other.commit()
        horizon.advance()
        assert first <= horizon.passed < later


def test_a_transaction_that_only_reads_does_not_stop_it(
    session: psycopg.Connection, other: psycopg.Connection
) -> None:
    other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    other.execute("SELECT count(*) FROM events_outboxentry")
    horizon = Horizon(session)
    last = publish()
    horizon.advance()
    assert horizon.passed == last


def test_numbers_drawn_in_advance_stop_it_for_good(session: psycopg.Connection) -> None:
    horizon = Horizon(session)
    publish()
    session.execute("ALTER SEQUENCE events_outboxentry_sequence_seq CACHE 10")
    try:
        horizon.advance()
        assert horizon.passed == 0
    finally:
        session.execute("ALTER SEQUENCE events_outboxentry_sequence_seq CACHE 1")
