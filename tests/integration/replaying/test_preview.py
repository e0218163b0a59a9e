"""The preview of a replay: counts that are true, by index alone, within a time."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from events.models import DeadLetter, Event
from events.replaying.plan import PlannedPartition
from events.replaying.preview import Preview, preview
from events.replaying.request import ReplayRequest
from tests.audit_rows import a_closed_key, a_consumption, a_dead_letter, an_attempt
from tests.integration.replaying.conftest import OTHER, TYPE, published

pytestmark = pytest.mark.django_db

TOPIC = "orders"
GROUP = "stock"
HERE: dict[str, Any] = {"group": GROUP, "topic": TOPIC, "partition": 0}


def planned(from_: int, to: int, *, first: int = 0, partition: int = 0) -> PlannedPartition:
    return PlannedPartition(
        topic=TOPIC,
        partition=partition,
        from_=from_,
        to=to,
        first=first,
        end=1_000,
        committed=None,
        wanted=to + 4,
    )


def looked_at(*plan: PlannedPartition, limit_s: float = 8.0, **options: Any) -> Preview:
    request = ReplayRequest(group=GROUP, topics=(TOPIC,), **options)
    return preview(plan, request, limit_s=limit_s)


def ledger_row(event: Event | None, offset: int, **fields: Any) -> None:
    row = {**HERE, "dedupe_key": f"k{offset}", "offset": offset, **fields}
    a_consumption(event, **row)


def letter(event: Event | None, offset: int, **fields: Any) -> DeadLetter:
    return a_dead_letter(event, **{**HERE, "offset": offset, **fields})


@pytest.fixture
def events() -> list[Event]:
    """Twenty offsets: what the group did with each is said below; 3 and 13 were not published."""
    events = [
        published(TOPIC, number, key=f"key {number % 5}", type=TYPE if number % 2 else OTHER)
        for number in range(20)
        if number not in {3, 13}
    ]
    by_offset = dict(zip(_published_offsets(), events, strict=True))
    for offset in (0, 1, 2, 3):
        ledger_row(by_offset.get(offset), offset)
    for offset, outcome in ((4, "dead_lettered"), (5, "unknown"), (6, "retrying"), (7, "started")):
        ledger_row(by_offset[offset], offset, outcome=outcome)
    letter(by_offset[4], 4)
    ledger_row(by_offset[8], 8, outcome="quarantined")
    undecodable = letter(None, 9)
    letter(None, 9, parent=undecodable)
    letter(None, 15, state="redriven")  # and yet nothing in the ledger
    letter(by_offset[10], 10, state="held", attempts=0, exception="")
    # Event 11 was handled at another position, the key of 12 was done by another event.
    ledger_row(by_offset[11], 500, dedupe_key="k11")
    an_attempt(by_offset[12], **HERE, offset=12, dedupe_key="k0", result="duplicate")
    # Of no concern: another group, another generation, another position.
    ledger_row(by_offset[14], 14, group="others")
    ledger_row(by_offset[14], 14, generation=by_offset[14].pk)
    ledger_row(None, 14, partition=1)
    return events


def _published_offsets() -> Sequence[int]:
    return [number for number in range(20) if number not in {3, 13}]


@pytest.mark.usefixtures("events")
def test_what_is_done_or_left_is_counted_wherever_it_was_done() -> None:
    found = looked_at(planned(0, 20), planned(0, 0, partition=1))

    row = found.rows[0]
    assert (row.messages, row.removed, row.beyond, row.archived) == (20, 0, 4, 0)
    assert row.done == 4 + 1 + 1
    assert row.left == {"dead_lettered": 2, "unknown": 1, "quarantined": 2, "in_work": 2}
    assert row.would_run == 7
    assert found.rows[1].would_run == 0
    assert (found.messages, found.done, found.would_run, found.beyond) == (20, 6, 7, 8)
    assert found.left == row.left
    assert found.is_counted
    assert found.note == ""


@pytest.mark.usefixtures("events")
def test_forced_everything_runs_and_it_is_said_how_much_of_it_is_done() -> None:
    found = looked_at(planned(0, 20), mode="force")

    assert (found.would_run, found.done) == (20, 6)


@pytest.mark.usefixtures("events")
def test_messages_of_closed_keys_are_left_whether_or_not_they_are_held() -> None:
    a_closed_key(group=GROUP, topic=TOPIC, key=b"key 0")  # 0, 5, 10 and 15
    a_closed_key(group=GROUP, topic=TOPIC, key=b"key 1")  # 1, 6, 11 and 16
    a_closed_key(group=GROUP, topic=TOPIC, key=b"\xff")

    found = looked_at(planned(0, 20))

    assert found.left == {"dead_lettered": 2, "unknown": 1, "quarantined": 4, "in_work": 2}
    assert (found.done, found.would_run) == (6, 5)


@pytest.mark.usefixtures("events")
def test_by_type_and_key_what_was_published_here_is_counted() -> None:
    by_type = looked_at(planned(0, 20), type=TYPE)

    # 1, 5, 7, 9, 11, 15, 17, 19
    assert (by_type.messages, by_type.chosen, by_type.done, by_type.would_run) == (20, 8, 2, 3)
    assert by_type.left == {"dead_lettered": 1, "unknown": 1, "quarantined": 0, "in_work": 1}
    assert "not published here" in by_type.note

    by_key = looked_at(planned(0, 20), key=b"key 0")
    assert (by_key.chosen, by_key.done, by_key.would_run) == (4, 1, 1)
    assert by_key.left == {"dead_lettered": 0, "unknown": 1, "quarantined": 1, "in_work": 0}
    a_closed_key(group=GROUP, topic=TOPIC, key=b"key 0")
    assert looked_at(planned(0, 20), key=b"key 0").would_run == 0

    assert "is no text" in looked_at(planned(0, 20), key=b"\xff").note
    assert looked_at(planned(0, 20), key=b"\xff", mode="force").would_run == 0


@pytest.mark.usefixtures("events")
def test_of_what_kafka_removed_the_stored_events_are_counted() -> None:
    published(TOPIC, 13, value=None)  # a tombstone is stored as such
    published(TOPIC, 3, value=None, value_sha256=b"x")  # this one's value was erased
    plan = planned(0, 20, first=14)

    found = looked_at(plan)
    assert (found.messages, found.removed, found.archived) == (6, 14, 13)
    assert (found.done, found.would_run) == (0, 6)

    found = looked_at(plan, from_archive=True)
    # Of the thirteen done: 0, 1, 2, 11 and 12; left: 4 to 10.
    assert (found.archived, found.done, found.would_run) == (13, 5, 6 + 1)
    assert sum((found.left or {}).values()) == 7
    assert looked_at(plan, from_archive=True, mode="force").would_run == 6 + 13


@pytest.mark.usefixtures("events")
def test_it_is_said_if_not_all_were_looked_for_at_other_positions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("events.replaying.counting.LOOKED_UP", 2)

    found = looked_at(planned(0, 10), planned(10, 20))

    assert found.is_counted
    assert found.done in range(4, 7)
    assert "more may be done" in found.note


@pytest.mark.usefixtures("events")
def test_counts_that_take_too_long_are_given_up_and_leave_the_transaction_as_it_was() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '7s'")
        found = looked_at(planned(0, 20), limit_s=0.0)
        counted = looked_at(planned(0, 20))
        cursor.execute("SELECT current_setting('statement_timeout')")
        assert cursor.fetchone() == ("7s",)
        cursor.execute("SELECT current_setting('enable_seqscan')")
        assert cursor.fetchone() == ("on",)

    assert counted.is_counted
    assert not found.is_counted
    assert (found.messages, found.beyond) == (20, 4)
    assert (found.done, found.left, found.would_run, found.archived) == (None,) * 4
    assert "longer than 0 s" in found.note


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("choice", [{}, {"type": TYPE}, {"key": b"key 0"}])
def test_only_indexes_are_read(choice: dict[str, Any]) -> None:
    a_closed_key(group=GROUP, topic=TOPIC, key=b"key 1")
    with CaptureQueriesContext(connection) as captured:
        looked_at(planned(0, 20, first=5), **choice, from_archive=True)

    counts = [each["sql"] for each in captured.captured_queries if "count(*)" in each["sql"]]
    assert len(counts) in range(4, 9)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in counts:
            cursor.execute(f"EXPLAIN {query}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan" not in plan, plan
            assert "consumption_position" in plan, plan


def test_a_statement_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "SELECT 'succeeded', pg_sleep(5)"
    monkeypatch.setattr("events.replaying.counting.by_position", lambda _: slow)

    assert not looked_at(planned(0, 20), limit_s=0.05).is_counted
