"""Pages of the outbox: in order, nothing skipped, and flat whatever stands in the way."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from events.models import OutboxEntry
from events.models.identifiers import new_id
from events.publishing.buckets import BUCKETS
from events.publishing.entry import Entry
from events.publishing.pages import SMALL_PAGE, Pages, Wanted
from events.publishing.session import RelaySession

pytestmark = pytest.mark.django_db(transaction=True)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0  # every lift is due
        return self.now


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    session = RelaySession(database_url, process=new_id())
    yield session.connection
    session.close()


@pytest.fixture
def pages(connection: psycopg.Connection) -> Pages:
    return Pages(connection, clock=Clock())


def store(*keys: str | None, topic: str = "orders", **fields: Any) -> list[int]:
    made = [
        OutboxEntry(
            event_id=new_id(),
            topic=topic,
            key=key,
            bucket=number % BUCKETS,
            created_at=timezone.now(),
            **fields,
        )
        for number, key in enumerate(keys)
    ]
    return [entry.sequence for entry in OutboxEntry.objects.bulk_create(made)]


def in_s(seconds: float) -> Any:
    return timezone.now() + timedelta(seconds=seconds)


def read(
    pages: Pages,
    *,
    limit: int = 1_000,
    buckets: range = range(BUCKETS),
    in_flight: tuple[int, ...] = (),
    room: Callable[[str], int] = lambda _topic: 1_000,
) -> list[int]:
    pages.lift_floors()
    cursor = pages.ask(
        Wanted(buckets=buckets, in_flight=in_flight, room=room, limit=limit, room_bytes=10**9)
    )
    found: list[Entry] = [] if cursor is None else pages.page(cursor, room_bytes=10**9)[0]
    return [entry.sequence for entry in found]


def test_topics_are_merged_in_order_and_need_not_be_declared(pages: Pages) -> None:
    expected = [*store("a", topic="x"), *store("a", topic="y"), *store("a", "b", topic="x")]
    assert read(pages) == expected
    assert read(pages, limit=2) == expected[:2]
    assert read(pages, in_flight=(expected[0],)) == expected[1:]
    assert read(pages, room=lambda topic: int(topic == "x")) == expected[:1]
    assert read(pages, buckets=range(1, 2)) == expected[3:]


def test_an_entry_of_the_last_bucket_is_found(pages: Pages) -> None:
    found = store(*map(str, range(BUCKETS)))
    assert read(pages, buckets=range(BUCKETS - 1, BUCKETS)) == found[-1:]
    assert read(pages) == found


@pytest.mark.parametrize(
    "fields",
    [{"retry_at": in_s(3_600)}, {"retry_at": in_s(-1)}, {"parked_at": timezone.now()}],
)
def test_a_key_stands_behind_what_was_tried_in_vain(pages: Pages, fields: dict[str, Any]) -> None:
    first = store("a", **fields)
    store("a")
    others = store("b", None)
    due = first if "retry_at" in fields and fields["retry_at"] < timezone.now() else []
    assert read(pages) == [*due, *others]


def test_a_wished_delay_is_over_when_its_time_comes_and_not_before(pages: Pages) -> None:
    due = store("a", publish_after=in_s(-1))
    waiting = store("a", publish_after=in_s(3_600))
    behind = store("a")
    assert read(pages) == [*due, *behind]
    OutboxEntry.objects.filter(sequence__in=waiting).update(publish_after=in_s(-1))
    assert read(pages) == [*due, *waiting, *behind]


def test_a_due_delay_does_not_overtake_what_was_published_before_it(pages: Pages) -> None:
    before = store(*["a"] * 5)
    due = store("a", publish_after=in_s(-1))
    assert read(pages, limit=3) == before[:3]
    assert read(pages, room=lambda _topic: 3) == before[:3]
    assert read(pages) == [*before, *due]


def test_an_entry_that_commits_late_comes_first_though_others_are_long_gone(
    pages: Pages, database_url: str
) -> None:
    with psycopg.connect(database_url) as publisher:
        row = publisher.execute(
            "INSERT INTO events_outboxentry "
            "(event_id, topic, key, bucket, cause, by, created_at, attempts, last_error) "
            "VALUES (%s, 'orders', 'a', 0, 'first', '', now(), 0, '') RETURNING sequence",
            [new_id()],
        ).fetchone()
        for _ in range(3):
            store("b", "b")
            assert len(read(pages)) == 2
            OutboxEntry.objects.all().delete()
        publisher.commit()
    later = store("a")
    assert row
    assert read(pages) == [row[0], *later]


def test_unparked_entries_come_before_the_followers_of_their_key(pages: Pages) -> None:
    parked = store("a", parked_at=timezone.now(), attempts=3, last_error="too large")
    behind = store("a", "b")
    assert read(pages) == behind[1:]
    assert OutboxEntry.objects.unpark() == 1
    assert read(pages) == [*parked, *behind[1:]]
    OutboxEntry.objects.filter(sequence__in=parked).delete()
    assert read(pages) == behind


def test_an_old_number_stored_by_hand_is_found_within_a_minute(pages: Pages) -> None:
    store("a", "b", "c")
    read(pages)
    OutboxEntry.objects.all().delete()
    read(pages)
    store("x", sequence=1)
    assert read(pages) == []
    for _ in range(60):
        pages.lift_floors()
    assert read(pages) == [1]


def blocks_read(database_url: str, pages: Pages) -> int:
    """How many blocks of 8 kB PostgreSQL looks at for a page of 100 of the open topics."""
    topics = [topic for topic in pages.floors if topic != "dead"]
    wanted = {
        "buckets": -1,
        "in_flight": "{}",
        "topics": topics,
        "rooms": [100] * len(topics),
        "floors": [pages.floors[topic] for topic in topics],
        "limit": 100,
    }
    session = RelaySession(database_url, process=new_id())
    try:
        row = session.connection.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {SMALL_PAGE}", wanted
        ).fetchone()
    finally:
        session.close()
    assert row
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def test_what_waits_is_not_read_past(pages: Pages, database_url: str) -> None:
    many = list(map(str, range(5_000)))
    store(*many, publish_after=in_s(3_600))
    store(*many, parked_at=timezone.now())
    store(*many, topic="dead")
    store(*many, retry_at=in_s(3_600))
    OutboxEntry.objects.filter(sequence__in=store(*many)).delete()
    expected = store(*(f"new {n}" for n in range(100)))
    assert read(pages, room=lambda topic: 0 if topic == "dead" else 100) == expected
    # 20,000 entries that wait, 5,000 that are gone: 600 blocks. 100 probes for an earlier one of
    # the key and 100 for the event are most of what is left.
    assert blocks_read(database_url, pages) < 1_000
