"""The generator of large data stores what relays and consumers would have left."""

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection

from benchmarks.large.facts import Plan
from benchmarks.large.filling import fill
from benchmarks.large.shapes import BILLING, REPORTS
from benchmarks.large.tables import indexes
from events.auditing.dead_letter_list import WantedLetters, letter_page
from events.auditing.event_list import Wanted, event_page
from events.auditing.finding import find
from events.auditing.waybill import State, waybill
from events.models import Attempt, Consumption, DeadLetter, Event, OutboxEntry, Publication
from tests.audit_rows import a_heartbeat

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = 2_000
UNTIL = datetime(2026, 3, 31, tzinfo=UTC)
PLAN = Plan(events=EVENTS, until=UNTIL, seed=11)


def quiet(_text: str) -> None:
    """Say nothing."""


def test_large_data_is_what_happened_to_events(database_url: str) -> None:
    connection.ensure_connection()
    before = indexes(connection.connection)

    filled = fill(database_url, PLAN, say=quiet)

    assert filled.rows > 4 * EVENTS - 5 * OutboxEntry.objects.count()
    assert sorted(indexes(connection.connection)) == sorted(before)
    the_rows_agree()
    each_can_be_found()
    nothing_of_it_can_be_rewritten()
    with pytest.raises(ValueError, match="already"):
        fill(database_url, PLAN, say=quiet)


def the_rows_agree() -> None:
    events = {event.pk: event for event in Event.objects.all()}
    assert len(events) == EVENTS
    for event in events.values():
        event.clean_fields(exclude={"headers"})  # an empty list is blank to a form
        assert hashlib.sha256(event.value or b"").digest() == event.value_sha256
        assert UNTIL - timedelta(days=PLAN.days) <= event.accepted_at <= UNTIL
        assert event.pk.version == 7
    waiting = set(OutboxEntry.objects.values_list("event_id", flat=True))
    published = Publication.objects.values_list("event_id", "topic", "partition", "offset")
    assert {event_id for event_id, *_ in published} == events.keys() - waiting
    positions = Counter(tuple(where) for _, *where in published)
    assert set(positions.values()) == {1}
    for *where, offset in positions:
        assert offset == 0 or (*where, int(str(offset)) - 1) in positions
    done = Counter(Consumption.objects.values_list("group", flat=True))
    copied = Attempt.objects.filter(result="duplicate").count()
    assert done == {
        REPORTS: EVENTS - len(waiting),
        BILLING: EVENTS - len(waiting) - copied,
    }
    for letter in DeadLetter.objects.select_related("event"):
        assert letter.event is not None
        assert letter.value == letter.event.value
        assert Attempt.objects.filter(event=letter.event, result="failed").count() == 3


def each_can_be_found() -> None:
    a_heartbeat(name=BILLING, beat_at=UNTIL)
    letter = DeadLetter.objects.filter(state="open").latest("created_at")
    event = letter.event
    assert event is not None
    position = f"{letter.topic}:{letter.partition}:{letter.offset}"
    for text in (event.key, str(event.pk), letter.dedupe_key, position):
        assert str(event.pk) in {match.id for match in find(text or "").matches}
    told = waybill(event.pk)
    assert told.state == State.PUBLISHED
    assert {row.group for row in told.consumptions} == {BILLING, REPORTS}
    assert len(told.attempts) == 3
    assert [row.pk for row in told.dead_letters] == [letter.pk]
    parked = event_page(Wanted(state=State.ACCEPTED), after=None, limit=200).events
    assert len(parked) == OutboxEntry.objects.pending().count()
    page = letter_page(WantedLetters(group=BILLING), after=None, limit=200)
    assert len(page.letters) == DeadLetter.objects.count()


def nothing_of_it_can_be_rewritten() -> None:
    for rows in (Event.objects, Publication.objects, Attempt.objects):
        with pytest.raises(DatabaseError, match="Cannot update or delete"):
            rows.all().delete()
