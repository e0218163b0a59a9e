"""Decoding: from a record on Kafka to a delivery, by CloudEvents' Kafka binding.

Source: CloudEvents 1.0.2, Kafka Protocol Binding 1.0.2, binary content mode (`ce_` headers).
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from events.conf import Waybill
from events.consuming.delivery import Delivery, Item, Passed, Undecodable
from events.consuming.subscriptions import Subscription
from events.errors import InvalidEvent
from events.event import Headers, ReceivedEvent
from events.kafka.record import Record

MAX_TEXT = 1_024  # characters of an id, a source, a subject
MAX_NAME = 255  # characters of a type, a content type, a traceparent
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL's text takes neither
WELL_KNOWN = frozenset(
    {
        *("ce_id", "ce_source", "ce_type", "ce_specversion", "ce_subject", "ce_time"),
        *("ce_partitionkey", "ce_waybillid", "content-type", "traceparent"),
    }
)


class Decoder:
    """Finds the subscription of each record of one group and reads the event in it."""

    def __init__(self, subscriptions: Iterable[Subscription], *, settings: Waybill) -> None:
        self._settings = settings
        self._by_type: dict[tuple[str, str], Subscription] = {}
        self._of_topic: dict[str, list[Subscription]] = {}
        for each in subscriptions:
            self._by_type[each.topic, each.type] = each
            self._of_topic.setdefault(each.topic, []).append(each)

    def decode(self, record: Record) -> Item:
        """Return what is to be done with the record; never raises for what is in it."""
        try:
            headers = _texts(record.headers)
            subscription = self._subscription(record.topic, headers.get("ce_type"))
            if subscription is None:
                return Passed(record=record)
            event = _event(record, headers, subscription.type)
            return self._delivery(record, event, subscription)
        except InvalidEvent as error:
            return Undecodable(record=record, reason=str(error))
        except Exception as error:  # noqa: BLE001 - a dedupe key function may raise anything
            return Undecodable(record=record, reason=f"{type(error).__name__}: {error}")

    def _subscription(self, topic: str, type_name: str | None) -> Subscription | None:
        if type_name is not None:
            return self._by_type.get((topic, type_name))
        candidates = self._of_topic.get(topic, [])
        if len(candidates) > 1:
            raise InvalidEvent("no ce_type header, and the group handles several types here")
        return candidates[0] if candidates else None

    def _delivery(
        self, record: Record, event: ReceivedEvent, subscription: Subscription
    ) -> Delivery:
        handler, name = subscription.handler, subscription.name
        if event.is_tombstone:
            # A template cannot be filled from a payload that is not there.
            dedupe_key = f"{subscription.group}:{event.source}/{event.id}"
            handler = subscription.on_delete or _skip
            name = subscription.name if subscription.on_delete else "tombstone skipped"
        else:
            dedupe_key = subscription.dedupe_key_of(event)
        return Delivery(
            record=record,
            event=event,
            subscription=subscription,
            dedupe_key=self._checked_key(dedupe_key),
            handler=handler,
            handler_name=name,
            retry=subscription.retry or self._settings.retry,
            ttl_s=subscription.ttl_s or self._settings.dedupe_ttl_s,
        )

    def _checked_key(self, dedupe_key: str) -> str:
        allowed = self._settings.limits.dedupe_key_bytes
        if not dedupe_key or _UNSTORABLE.search(dedupe_key):
            raise InvalidEvent("the dedupe key is empty or holds NUL or a lone surrogate")
        if len(dedupe_key.encode()) > allowed:
            raise InvalidEvent(f"the dedupe key is longer than {allowed} bytes")
        return dedupe_key


def _skip(event: ReceivedEvent) -> None:
    """Do nothing: the ledger row says that the tombstone was seen and skipped."""


def _texts(headers: Headers) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        if name in WELL_KNOWN and value is not None:
            try:
                found.setdefault(name, value.decode())
            except UnicodeDecodeError as error:
                raise InvalidEvent(f"header {name} is not UTF-8") from error
    return found


def _event(record: Record, headers: dict[str, str], type_name: str) -> ReceivedEvent:
    own_id = f"{record.partition}:{record.offset}"
    return ReceivedEvent(
        id=_bounded(headers.get("ce_id") or own_id, "ce_id", MAX_TEXT),
        source=_bounded(
            headers.get("ce_source") or f"kafka:{record.topic}", "ce_source", MAX_TEXT
        ),
        type=type_name,
        topic=record.topic,
        key=record.key,
        value=record.value,
        position=record.position,
        subject=_bounded(headers.get("ce_subject", ""), "ce_subject", MAX_TEXT),
        content_type=_bounded(headers.get("content-type", ""), "content-type", MAX_NAME),
        headers=tuple(each for each in record.headers if each[0] not in WELL_KNOWN),
        traceparent=_bounded(headers.get("traceparent", ""), "traceparent", MAX_NAME),
        occurred_at=_time(headers.get("ce_time"), record.timestamp_ms),
        event_id=_uuid(headers.get("ce_waybillid")),
    )


def _bounded(text: str, name: str, most: int) -> str:
    if len(text) > most:
        raise InvalidEvent(f"{name} is longer than {most} characters")
    if _UNSTORABLE.search(text):
        raise InvalidEvent(f"{name} holds NUL or a lone surrogate")
    return text


def _time(text: str | None, timestamp_ms: int | None) -> datetime | None:
    if text is not None:
        try:
            found = datetime.fromisoformat(text)
        except ValueError as error:
            raise InvalidEvent("ce_time is no RFC 3339 time") from error
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    if timestamp_ms is None:
        return None
    try:
        return datetime.fromtimestamp(timestamp_ms / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None  # a producer may write any number there


def _uuid(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None  # another program's extension of the same name
