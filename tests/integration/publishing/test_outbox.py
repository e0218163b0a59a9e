"""publish() stores an event and its outbox entry in the caller's transaction, or nothing."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from events.errors import (
    EventIdReused,
    EventInvalid,
    EventTooLarge,
    NotInTransaction,
    UnknownEventType,
    UnknownTopic,
)
from events.models import Event, OutboxEntry
from events.publishing.outbox import (
    NewEvent,
    Publisher,
    publish,
    publish_alone,
    publish_many,
)
from tests.integration.publishing.outbox_topic import FIELDS, TOPIC, TYPE, committing, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("declared_topic")]


def test_an_event_is_stored_with_every_field() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    with transaction.atomic():
        returned = publish(
            TOPIC,
            type=TYPE,
            value=b'{ "exact" : 1 }',
            key="größe",
            subject="order/1",
            id="their-id",
            source="/shop",
            content_type="application/vnd.x+json",
            headers=(("ce_region", "eu"), ("ce_region", "ü")),
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            occurred_at=at,
            publish_after=at + timedelta(days=1),
            by=Publisher(name="shop", request_id="r-1", idempotency_key="k-1"),
        )
    event = Event.objects.get()
    names = [field.attname for field in Event._meta.concrete_fields]
    assert {name: _plain(event, name) for name in names} == {
        name: _plain(returned, name) for name in names
    }
    assert (event.source, event.ce_id, event.occurred_at) == ("/shop", "their-id", at)
    assert bytes(event.value or b"") == b'{ "exact" : 1 }'
    assert bytes(event.value_sha256 or b"") == sha256(b'{ "exact" : 1 }').digest()
    assert event.headers == [["ce_region", "eu"], ["ce_region", "ü"]]
    entry = OutboxEntry.objects.get()
    assert (entry.event_id, entry.topic, entry.key) == (event.pk, TOPIC, "größe")
    assert (entry.cause, entry.by, entry.attempts) == ("first", "shop", 0)
    assert entry.publish_after == at + timedelta(days=1)


def _plain(event: Event, name: str) -> object:
    value = getattr(event, name)
    return bytes(value) if isinstance(value, memoryview) else value


def test_defaults_come_from_settings_and_the_databases_clock() -> None:
    with transaction.atomic():
        event = publish(TOPIC, **FIELDS)
        with connection.cursor() as cursor:
            cursor.execute("SELECT now(), clock_timestamp()")
            earliest, latest = cursor.fetchone()
    assert earliest <= event.accepted_at <= latest
    assert event.occurred_at == event.accepted_at
    assert (event.source, event.ce_id) == ("/waybill", str(event.pk))


def test_a_tombstone_has_no_value_and_no_hash() -> None:
    with transaction.atomic():
        publish(TOPIC, type=TYPE, value=None, key="1")
    event = Event.objects.get()
    assert (event.value, event.value_sha256) == (None, None)


@committing
def test_outside_a_transaction_nothing_is_stored() -> None:
    with pytest.raises(NotInTransaction):
        publish(TOPIC, **FIELDS)
    with pytest.raises(NotInTransaction):
        publish_many([NewEvent(topic=TOPIC, **FIELDS)])
    assert stored() == (0, 0)


@committing
def test_a_rollback_leaves_nothing() -> None:
    with transaction.atomic():
        publish(TOPIC, **FIELDS)
        transaction.set_rollback(True)
    assert stored() == (0, 0)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"key": "a\0b"}, "/key"),
        ({"key": "\ud800"}, "/key"),
        ({"subject": "s" * 1_025}, "/subject"),
        ({"id": "i" * 256}, "/id"),
        ({"id": "a\0"}, "/id"),
        ({"source": "s" * 256}, "/source"),
        ({"content_type": ""}, "/content_type"),
        ({"content_type": "text/ü"}, "/content_type"),
        ({"content_type": "a\r\nb"}, "/content_type"),
        ({"traceparent": "00-zz"}, "/traceparent"),
        ({"headers": (("", "v"),)}, "/headers/0/0"),
        ({"headers": (("ok", "v"), ("CE_ID", "v"))}, "/headers/1/0"),
        ({"headers": (("ok", "a\0"),)}, "/headers/0/1"),
        ({"headers": (("ok",),)}, "/headers/0"),
        ({"occurred_at": datetime(2026, 1, 1)}, "/occurred_at"),  # noqa: DTZ001 - without a zone
        (
            {"publish_after": datetime.max.replace(tzinfo=UTC) - timedelta(hours=1)},
            None,
        ),
        ({"data": float("nan")}, "/data"),
        ({"value": b"x"}, "/data"),  # beside data
        ({"by": Publisher(name="n" * 256)}, "/published_by"),
        ({"by": Publisher(request_id="\0")}, "/request_id"),
    ],
)
def test_a_broken_rule_is_named_and_the_transaction_goes_on(
    changes: dict[str, Any], pointer: str | None
) -> None:
    with transaction.atomic():
        if pointer is None:
            publish(TOPIC, **{**FIELDS, **changes})
        else:
            with pytest.raises(EventInvalid) as refusal:
                publish(TOPIC, **{**FIELDS, **changes})
            assert [error.pointer for error in refusal.value.errors] == [pointer]
        publish(TOPIC, **FIELDS)
    assert stored() == ((2, 2) if pointer is None else (1, 1))


@pytest.mark.parametrize(
    ("changes", "limit"),
    [
        ({"key": "ü" * 513}, "key_bytes"),
        ({"headers": (("n", "v"),) * 33}, "headers"),
        ({"headers": (("n", "v" * 8_192),)}, "headers_bytes"),
        ({"data": "x" * 900_000}, "event_bytes"),
    ],
)
def test_a_limit_is_named(changes: dict[str, Any], limit: str) -> None:
    with transaction.atomic(), pytest.raises(EventTooLarge) as refusal:
        publish(TOPIC, **{**FIELDS, **changes})
    assert refusal.value.limit == limit
    assert stored() == (0, 0)


def test_topic_and_type_must_be_declared() -> None:
    with transaction.atomic():
        with pytest.raises(UnknownTopic):
            publish("nowhere", **FIELDS)
        with pytest.raises(UnknownEventType):
            publish(TOPIC, type="other.happened", data={})


def test_many_events_take_one_statement_and_keep_their_order() -> None:
    events = [NewEvent(topic=TOPIC, type=TYPE, data=n, key=str(n % 3)) for n in range(1_000)]
    with transaction.atomic():
        returned = publish_many(events)
    assert len({event.accepted_at for event in returned}) == 1  # the statement's own time
    in_order = OutboxEntry.objects.order_by("sequence").values_list("event_id", flat=True)
    assert list(in_order) == [event.pk for event in returned]
    assert [bytes(event.value or b"") for event in returned] == [b"%d" % n for n in range(1_000)]


@pytest.mark.django_db(transaction=True)
def test_an_event_that_stands_alone_is_committed_at_once_with_its_entry() -> None:
    with CaptureQueriesContext(connection) as queries:
        event = publish_alone(NewEvent(topic=TOPIC, type=TYPE, data=1, key="k"))
    assert not [query for query in queries if "BEGIN" in query["sql"]]
    assert OutboxEntry.objects.get().event_id == event.pk
    with pytest.raises(EventIdReused):
        publish_alone(NewEvent(topic=TOPIC, type=TYPE, data=2, id=event.ce_id))
    assert stored() == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_an_event_that_stands_alone_joins_a_transaction_that_is_open() -> None:
    with transaction.atomic():
        publish_alone(NewEvent(topic=TOPIC, type=TYPE, data=1))
        transaction.set_rollback(True)
    assert stored() == (0, 0)


def test_no_events_are_stored_without_a_statement() -> None:
    with transaction.atomic():
        assert publish_many([]) == []
    assert stored() == (0, 0)


def test_errors_of_many_begin_with_the_index() -> None:
    good, bad = NewEvent(topic=TOPIC, **FIELDS), NewEvent(topic=TOPIC, key="\0", **FIELDS)
    with transaction.atomic(), pytest.raises(EventInvalid) as refusal:
        publish_many([good, bad, bad])
    assert [error.pointer for error in refusal.value.errors] == ["/1/key", "/2/key"]
    assert stored() == (0, 0)
