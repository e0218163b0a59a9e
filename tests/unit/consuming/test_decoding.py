"""Decoding: from a record's bytes to a delivery, or to the reason why there is none."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.conf import Waybill
from events.consuming.decoding import Decoder
from events.consuming.delivery import Delivery, Passed, Undecodable
from events.consuming.subscriptions import Subscription
from events.event import Headers, ReceivedEvent
from events.kafka.record import Record
from events.topics import EventType, Topic, declare_topic, forget_topic


def ignore(event: ReceivedEvent) -> None:
    """Do nothing."""


def subscription(**changes: Any) -> Subscription:
    given: dict[str, Any] = {"type": "a.b", **changes}
    return Subscription(group="g", topic="t", handler=ignore, name="ignore", **given)


def record(value: bytes | None = b"{}", headers: Headers = (), **changes: Any) -> Record:
    given: dict[str, Any] = {"key": b"k", "timestamp_ms": 1_700_000_000_123, "offset": 7}
    return Record(topic="t", partition=2, value=value, headers=headers, **given | changes)


def decoded(record: Record, *subscriptions: Subscription) -> Delivery | Undecodable | Passed:
    return Decoder(subscriptions or (subscription(),), settings=Waybill()).decode(record)


def test_cloudevents_headers_become_the_event() -> None:
    item = decoded(
        record(
            headers=(
                ("ce_id", b"1"),
                ("ce_source", b"/shop"),
                ("ce_type", b"a.b"),
                ("ce_time", b"2026-01-02T03:04:05.000006Z"),
                ("ce_subject", b"order 1"),
                ("ce_waybillid", b"01890a5d-ac96-774b-bcce-b302099a8057"),
                ("content-type", b"application/json"),
                ("ce_region", b"eu"),
            )
        )
    )
    assert isinstance(item, Delivery)
    event = item.event
    assert (event.id, event.source, event.subject) == ("1", "/shop", "order 1")
    assert event.occurred_at == datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert event.event_id == UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    assert event.headers == (("ce_region", b"eu"),)
    assert item.dedupe_key == "g:/shop/1"


def test_a_record_without_headers_is_named_by_its_position() -> None:
    item = decoded(record())
    assert isinstance(item, Delivery)
    assert (item.event.source, item.event.id, item.event.type) == ("kafka:t", "2:7", "a.b")
    assert item.event.occurred_at == datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)


def test_another_type_is_passed_over() -> None:
    assert isinstance(decoded(record(headers=(("ce_type", b"c.d"),))), Passed)


def test_without_a_type_and_with_two_subscriptions_nobody_can_tell() -> None:
    item = decoded(record(), subscription(), subscription(type="c.d"))
    assert isinstance(item, Undecodable)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b'{"order": {"id": 42}}', "n:42"),
        (b'{"order": {"id": "x"}}', "n:x"),
        (b'{"order": {"id": ""}}', None),
        (b'{"order": {"id": null}}', None),
        (b'{"order": {"id": 1.5}}', None),
        (b'{"order": {"id": {}}}', None),
        (b'{"order": 1}', None),
        (b"[]", None),
        (b"not json", None),
        (b"[" * 5_000, None),
        (b'{"order": {"id": "\\u0000"}}', None),
        (b'{"order": {"id": ' + b"9" * 5_000 + b"}}", None),
        (b'{"order": {"id": "' + b"x" * 1_100 + b'"}}', None),
    ],
)
def test_a_template_takes_scalars_of_the_payload_and_nothing_else(
    value: bytes, key: str | None
) -> None:
    item = decoded(record(value), subscription(dedupe_key="n:{order.id}"))
    assert (item.dedupe_key if isinstance(item, Delivery) else None) == key


def test_a_tombstone_runs_on_delete_or_is_skipped() -> None:
    skipped = decoded(record(None), subscription(dedupe_key="n:{id}"))
    assert isinstance(skipped, Delivery)
    assert skipped.handler_name == "tombstone skipped"
    deleted = decoded(record(None), subscription(dedupe_key="n:{id}", on_delete=ignore))
    assert isinstance(deleted, Delivery)
    assert (deleted.route.handle, deleted.dedupe_key) == (ignore, "g:kafka:t/2:7")


header = st.tuples(
    st.sampled_from(["ce_id", "ce_source", "ce_type", "ce_time", "ce_waybillid", "traceparent"]),
    st.none() | st.binary(max_size=40) | st.text(max_size=40).map(str.encode),
)


@given(
    value=st.none() | st.binary(),
    headers=st.lists(header).map(tuple),
    timestamp_ms=st.none() | st.integers(-(2**63), 2**63 - 1),
)
def test_no_bytes_whatever_make_decoding_raise(
    value: bytes | None, headers: Headers, timestamp_ms: int | None
) -> None:
    item = decoded(
        record(value, headers, timestamp_ms=timestamp_ms), subscription(dedupe_key="n:{id}")
    )
    if isinstance(item, Delivery):
        assert "\0" not in item.dedupe_key + item.event.id + item.event.source


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b'{"order_id": "1"}', None),
        (None, None),
        (b'{"order_id": 1}', 'breaks the schema: /data/order_id is not of type "string"'),
        (b"{}", "breaks the schema: /data/order_id is required"),
        (b"{", "is not JSON: Input data was truncated"),
    ],
)
def test_by_setting_a_value_that_breaks_its_schema_is_never_handled(
    value: bytes | None, reason: str | None
) -> None:
    schema = {"properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}
    declare_topic(Topic(name="t", types=(EventType(name="a.b", schema=schema),)))
    try:
        settings = Waybill(consume_checks_schemas=True)
        item = Decoder((subscription(),), settings=settings).decode(record(value))
    finally:
        forget_topic("t")
    assert getattr(item, "reason", None) == (reason and f"the value {reason}")
    assert isinstance(item, Undecodable if reason else Delivery)
