"""How much waits in the outbox and how old it is, whatever else the outbox holds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from events.models import OutboxEntry
from events.models.identifiers import new_id
from events.publishing import backlog as backlog_module
from events.publishing.backlog import Backlog, backlog, oldest_age_s

pytestmark = pytest.mark.django_db

TOPICS = ("orders", "invoices")


def entries(number: int = 1, *, topic: str = "orders", age_s: float = 0.0, **fields: Any) -> None:
    made_at = timezone.now() - timedelta(seconds=age_s)
    OutboxEntry.objects.bulk_create(
        OutboxEntry(
            event_id=new_id(), topic=topic, key=str(n), bucket=n % 64, created_at=made_at, **fields
        )
        for n in range(number)
    )


def in_s(seconds: float) -> Any:
    return timezone.now() + timedelta(seconds=seconds)


def blocks_read_by(ask: Callable[[], object]) -> int:
    """How many blocks of 8 kB PostgreSQL looks at to answer."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    ((sql, params),) = asked
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def test_an_empty_outbox_has_no_age() -> None:
    assert oldest_age_s() is None
    assert backlog() == Backlog(pending=0, delayed=0, parked=0, is_exact=True, oldest_age_s=None)


def test_entries_count_as_pending_delayed_or_parked() -> None:
    for topic in TOPICS:
        entries(3, topic=topic)
        entries(2, topic=topic, retry_at=in_s(20), attempts=1)
        entries(2, topic=topic, retry_at=in_s(-20), attempts=1)
        entries(4, topic=topic, publish_after=in_s(3_600))
        entries(1, topic=topic, publish_after=in_s(-1))
        entries(5, topic=topic, parked_at=timezone.now())
    found = backlog()
    assert (found.pending, found.delayed, found.parked) == (16, 8, 10)
    assert found.is_exact


def test_counts_say_when_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog_module, "COUNTED", 4)
    entries(4)
    assert (backlog().pending, backlog().is_exact) == (4, True)
    entries(1, topic="invoices")
    assert (backlog().pending, backlog().is_exact) == (4, False)


@pytest.mark.parametrize(
    ("fields", "expected_s"),
    [
        ({"age_s": 100}, 100),
        ({"age_s": 100, "retry_at": in_s(25), "attempts": 9}, 100),
        ({"age_s": 100, "retry_at": in_s(-5), "attempts": 9}, 100),
    ],
)
def test_what_is_tried_again_and_again_grows_old(
    fields: dict[str, Any], expected_s: float
) -> None:
    entries(topic="invoices", **fields)
    entries(age_s=10)
    assert oldest_age_s() == pytest.approx(expected_s, abs=5)


def test_a_wished_delay_counts_from_its_end_and_parked_entries_not_at_all() -> None:
    entries(age_s=1_000, parked_at=timezone.now())
    entries(age_s=1_000, publish_after=in_s(1_000))
    assert oldest_age_s() is None
    entries(age_s=1_000, publish_after=in_s(-50))
    assert oldest_age_s() == pytest.approx(50, abs=5)
    entries(age_s=1_000, publish_after=in_s(-200), retry_at=in_s(1), attempts=1)
    assert oldest_age_s() == pytest.approx(200, abs=5)


def test_the_age_is_found_without_reading_past_what_waits() -> None:
    entries(10, age_s=60)
    little = blocks_read_by(oldest_age_s)
    for topic in TOPICS:
        entries(3_000, topic=topic, publish_after=in_s(3_600))
        entries(3_000, topic=topic)
        entries(3_000, topic=topic, parked_at=timezone.now())
    assert blocks_read_by(oldest_age_s) < little + 40  # 18,000 entries fill 300 blocks


def test_counting_ends_at_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog_module, "COUNTED", 50)
    for fields in ({}, {"publish_after": in_s(3_600)}, {"parked_at": timezone.now()}):
        entries(4_000, **fields)
    assert blocks_read_by(backlog) < 250
