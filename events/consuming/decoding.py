"""Decoding: from a record on Kafka to a delivery, by CloudEvents' Kafka binding.

Source: CloudEvents 1.0.2, Kafka Protocol Binding 1.0.2, binary content mode (`ce_` headers).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from msgspec import UNSET

from events.conf import Waybill
from events.consuming.delivery import Delivery, Item, Passed, Route, Undecodable
from events.consuming.key_template import KeyTemplate
from events.consuming.subscriptions import BatchHandler, Handler, Subscription
from events.errors import InvalidEvent
from events.event import Headers, ReceivedEvent, parsed
from events.kafka.record import Record
from events.models.consumption import LIVE
from events.schemas import document_errors
from events.topics import checked_type

MAX_TEXT = 1_024  # characters of an id, a source, a subject
MAX_NAME = 255  # characters of a type, a content type, a traceparent
_UNBOUNDED = 2**31
_SHOWN_ERRORS = 5
_SHOWN_VERSION = 32  # characters
# The headers that are read, and how many characters they may have.
_READ = {
    "ce_id": MAX_TEXT,
    "ce_source": MAX_TEXT,
    "ce_subject": MAX_TEXT,
    "content-type": MAX_NAME,
    "traceparent": MAX_NAME,
    # What does not fit anything known is passed over or left out, however long it is.
    "ce_type": _UNBOUNDED,
    "ce_specversion": _UNBOUNDED,
    "ce_time": _UNBOUNDED,
    "ce_waybillid": _UNBOUNDED,
}


class Decoder:
    """Finds the subscription of each record of one group and reads the event in it."""

    def __init__(self, subscriptions: Iterable[Subscription], *, settings: Waybill) -> None:
        self._key_bytes = settings.limits.dedupe_key_bytes
        self._by_type: dict[tuple[str, str], tuple[Route, Route]] = {}
        self._of_topic: dict[str, list[tuple[Route, Route]]] = {}
        self._checks_schemas = settings.consume_checks_schemas
        for each in subscriptions:
            routes = _routes(each, settings=settings)
            self._by_type[each.topic, each.type] = routes
            self._of_topic.setdefault(each.topic, []).append(routes)

    def decode(
        self, record: Record, *, replay: UUID | None = None, generation: UUID = LIVE
    ) -> Item:
        """Return what is to be done with the record; never raises for what is in it.

        `replay` runs it, on the ledger row of `generation`.
        """
        item = self._decoded(record, generation)
        if replay is not None:
            item.replay = replay
            item.generation = generation
        return item

    def _decoded(self, record: Record, generation: UUID) -> Item:
        try:
            attributes = _attributes(record.headers)
            routes = self._routes_of(record.topic, attributes.get("ce_type"))
            if routes is None:
                return Passed(record=record)
            return self._delivery(record, attributes, generation, *routes)
        except InvalidEvent as error:
            return Undecodable(record=record, reason=str(error))
        except Exception as error:  # noqa: BLE001 - a dedupe key function may raise anything
            return Undecodable(record=record, reason=f"{type(error).__name__}: {error}")

    def _routes_of(self, topic: str, type_name: str | None) -> tuple[Route, Route] | None:
        if type_name is not None:
            return self._by_type.get((topic, type_name))
        candidates = self._of_topic.get(topic, [])
        if len(candidates) > 1:
            raise InvalidEvent("no ce_type header, and the group handles several types here")
        return candidates[0] if candidates else None

    def _delivery(
        self,
        record: Record,
        attributes: dict[str, str],
        generation: UUID,
        route: Route,
        on_delete: Route,
    ) -> Delivery:
        _check_version(attributes.get("ce_specversion"))
        delivery = Delivery(
            record=record,
            route=on_delete if record.value is None else route,
            source=attributes.get("ce_source") or f"kafka:{record.topic}",
            id=attributes.get("ce_id") or f"{record.partition}:{record.offset}",
            attributes=attributes,
            occurred_at=_time(attributes.get("ce_time"), record.timestamp_ms),
            generation=generation,
        )
        if self._checks_schemas:
            _check_schema(delivery)
        delivery.dedupe_key = self._checked(_dedupe_key(delivery))
        return delivery

    def _checked(self, dedupe_key: str) -> str:
        try:
            raw = dedupe_key.encode()
        except UnicodeEncodeError:
            raise InvalidEvent("the dedupe key holds a lone surrogate") from None
        if not raw or b"\0" in raw:
            raise InvalidEvent("the dedupe key is empty or holds NUL")
        if len(raw) > self._key_bytes:
            raise InvalidEvent(f"the dedupe key is longer than {self._key_bytes} bytes")
        return dedupe_key


def _check_version(version: str | None) -> None:
    """Raise InvalidEvent for a CloudEvents version whose attributes may mean something else."""
    if version is not None and not version.startswith("1."):
        raise InvalidEvent(
            f"ce_specversion {version[:_SHOWN_VERSION]!r} is not known, only 1.x is"
        )


def _check_schema(delivery: Delivery) -> None:
    """Raise InvalidEvent, naming the places, if the value breaks its type's schema."""
    event_type = checked_type(delivery.subscription.topic, delivery.subscription.type)
    if delivery.record.value is None or event_type.schema is None:
        return
    errors = document_errors(event_type, _parsed(delivery))
    broken = [f"{error.pointer} {error.detail}" for error in islice(errors, _SHOWN_ERRORS)]
    if broken:
        raise InvalidEvent(f"the value breaks the schema: {'; '.join(broken)}")


def _dedupe_key(delivery: Delivery) -> str:
    """Return the delivery's dedupe key; what was parsed or made for it is kept."""
    key = delivery.route.dedupe_key
    if key is None:
        return f"{delivery.subscription.group}:{delivery.source}/{delivery.id}"
    if isinstance(key, KeyTemplate):
        return key.filled(_parsed(delivery))
    return key(delivery.event)


def _parsed(delivery: Delivery) -> Any:
    if delivery.parsed is UNSET:
        delivery.parsed = parsed(delivery.record.value)
    return delivery.parsed


def _routes(subscription: Subscription, *, settings: Waybill) -> tuple[Route, Route]:
    """Return the route of a subscription's events, and that of its tombstones."""
    key, is_batch = subscription.dedupe_key, subscription.batch
    retry = subscription.retry or settings.retry
    route = Route(
        subscription=subscription,
        name=subscription.name,
        handle=_in_a_batch_of_one(subscription.handler) if is_batch else subscription.handler,
        handle_batch=subscription.handler if is_batch else None,
        dedupe_key=KeyTemplate(key) if isinstance(key, str) else key,
        retry=retry,
        most_attempts=max(each.max_attempts for each in (retry, *subscription.retry_on.values())),
        ttl_s=subscription.ttl_s or settings.dedupe_ttl_s,
        deadline_s=subscription.deadline_s or settings.handler_deadline_s,
    )
    on_delete = subscription.on_delete
    name = subscription.name if on_delete else "tombstone skipped"
    # A template cannot be filled from a payload that is not there.
    return route, replace(
        route, handle=on_delete or _skip, handle_batch=None, dedupe_key=None, name=name
    )


def _in_a_batch_of_one(handler: BatchHandler) -> Handler:
    return lambda event: handler([event])


def _skip(event: ReceivedEvent) -> None:
    """Do nothing: the ledger row says that the tombstone was seen and skipped."""


def _attributes(headers: Headers) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        most = _READ.get(name)
        if most is None or value is None or name in found:
            continue
        try:
            text = value.decode()
        except UnicodeDecodeError as error:
            raise InvalidEvent(f"header {name} is not UTF-8") from error
        if len(text) > most:
            raise InvalidEvent(f"{name} is longer than {most} characters")
        if "\0" in text:
            raise InvalidEvent(f"{name} holds NUL")
        found[name] = text
    return found


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
