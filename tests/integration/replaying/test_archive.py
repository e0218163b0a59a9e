"""What comes from the archive is, byte for byte, what the relay wrote to Kafka."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import transaction

from events.kafka.reader import KafkaReader
from events.kafka.record import Record
from events.models import Publication
from events.publishing.outbox import publish
from events.replaying.archive import archived
from tests.conftest import MakeTopic
from tests.integration.publishing.conftest import MakeRelay, make_relay  # noqa: F401 - a fixture
from tests.integration.publishing.stepping import nothing_pending, run_until
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EVENTS: tuple[dict[str, Any], ...] = (
    {"data": {"n": 1}},
    {"value": None, "key": "gone"},  # a tombstone
    {"value": b"", "key": "größe ☃", "subject": "s/ü", "id": "ihre/ä", "source": "/läden"},
    {"value": b"\x00\xff\xfe", "content_type": "application/octet-stream", "key": ""},
    {"data": [], "headers": (("x-a", "☃"), ("x", ""), ("x", "twice")), "traceparent": TRACE},
    {"data": 1, "occurred_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)},
    {"data": 2, "occurred_at": datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC)},
    {
        "data": 3,
        "occurred_at": datetime(2026, 7, 1, 0, 0, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    },
)


def test_a_record_from_the_archive_is_the_one_that_was_written(
    make_topic: MakeTopic,
    make_relay: MakeRelay,  # noqa: F811
) -> None:
    topic = make_topic(partitions=1)
    for fields in EVENTS:
        with transaction.atomic():
            publish(topic, type="thing.happened", **fields)
    run_until(make_relay(), nothing_pending)
    assert Publication.objects.count() == len(EVENTS)

    written = on_kafka(topic)
    page = archived((topic, 0), 0, len(EVENTS), most=100, most_bytes=1_000)
    stored = [each.record for each in page.events if each.record is not None]

    assert [without_time(each) for each in stored] == [without_time(each) for each in written]
    for one, other in zip(stored, written, strict=True):
        assert one is not None
        assert abs((one.timestamp_ms or 0) - (other.timestamp_ms or 0)) < 60_000


def on_kafka(topic: str) -> list[Record]:
    """All records of partition 0, as consumers and replays get them."""
    reader = KafkaReader({(topic, 0): (0, len(EVENTS))}, name="archive-test")
    found: list[Record] = []

    def read() -> bool:
        found.extend(reader.fetch(100, timeout_s=0.2))
        return not reader.reading

    try:
        wait_until(read)
    finally:
        reader.close()
    return found


def without_time(record: Record) -> Record:
    """The record without its time: that of the archive is the confirmation's."""
    return record._replace(timestamp_ms=None)
