"""Rows of the audit as the relay and the consumers leave them, for tests that read it."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from events.models import (
    Attempt,
    ClosedKey,
    Consumption,
    DeadLetter,
    Event,
    Gap,
    Heartbeat,
    OutboxEntry,
    Pause,
    Publication,
    Seek,
)
from events.models.identifiers import new_id

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
GROUP = "notifications"


def at(after_s: float) -> datetime:
    """The moment `after_s` seconds after the first event was accepted."""
    return START + timedelta(seconds=after_s)


def an_event(key: str | None = "1042", **fields: Any) -> Event:
    identifier = new_id()
    value = fields.pop("value", b'{"order_id": "1042"}')
    row = {
        "id": identifier,
        "source": "/waybill",
        "ce_id": str(identifier),
        "topic": "order_invoices",
        "key": key,
        "type": "invoice.requested",
        "value": value,
        "value_sha256": None if value is None else hashlib.sha256(value).digest(),
        "headers": [["tenant", "north"]],
        "occurred_at": START,
        "accepted_at": START,
        "published_by": "shop",
        "request_id": "request-7",
        **fields,
    }
    return Event.objects.create(**row)


def a_publication(event: Event, *, after_s: float = 0.02, **fields: Any) -> Publication:
    row = {
        "event": event,
        "topic": event.topic,
        "partition": 1,
        "offset": 128,
        "published_at": at(after_s),
        "cause": "first",
        **fields,
    }
    return Publication.objects.create(**row)


def an_outbox_entry(event: Event, **fields: Any) -> OutboxEntry:
    row = {
        "event": event,
        "topic": event.topic,
        "key": event.key,
        "bucket": 7,
        "created_at": event.accepted_at,
        **fields,
    }
    return OutboxEntry.objects.create(**row)


def a_consumption(event: Event | None, **fields: Any) -> Consumption:
    row = {
        "group": GROUP,
        "dedupe_key": "notification:invoices:1042",
        "event": event,
        "source": "/waybill",
        "ce_id": event.ce_id if event else "elsewhere",
        "topic": "order_invoices",
        "partition": 1,
        "offset": 128,
        "handler": "invoices.handlers.send_invoice",
        "outcome": "succeeded",
        "host": "app-1",
        "pid": 41,
        "first_at": at(0.03),
        "finished_at": at(0.1),
        **fields,
    }
    return Consumption.objects.create(**row)


def an_attempt(
    event: Event | None, *, number: int = 1, after_s: float = 0.03, **fields: Any
) -> Attempt:
    row = {
        "group": GROUP,
        "dedupe_key": "notification:invoices:1042",
        "event": event,
        "source": "/waybill",
        "ce_id": event.ce_id if event else "elsewhere",
        "topic": "order_invoices",
        "partition": 1,
        "offset": 128,
        "handler": "invoices.handlers.send_invoice",
        "number": number,
        "host": "app-1",
        "pid": 41,
        "started_at": at(after_s),
        "duration_s": 0.01,
        "result": "failed",
        "error": "smtplib.SMTPServerDisconnected: gone",
        **fields,
    }
    return Attempt.objects.create(**row)


def a_dead_letter(event: Event | None, **fields: Any) -> DeadLetter:
    row = {
        "group": GROUP,
        "topic": "order_invoices",
        "partition": 1,
        "offset": 128,
        "key": b"1042",
        "value": b'{"order_id": "1042"}',
        "headers": [["ce_type", "aW52b2ljZS5yZXF1ZXN0ZWQ="]],
        "event": event,
        "handler": "invoices.handlers.send_invoice",
        "attempts": 4,
        "exception": "invoices.errors.NoTaxRate",
        "error": "no rate for XX",
        "traceback": "Traceback: NoTaxRate",
        "created_at": at(9.0),
        "changed_at": at(9.0),
        **fields,
    }
    return DeadLetter.objects.create(**row)


def a_heartbeat(role: str = "consumer", *, beat_at: datetime, **fields: Any) -> Heartbeat:
    row = {
        "process": uuid4(),
        "role": role,
        "name": GROUP if role == "consumer" else "",
        "host": "app-1",
        "pid": 41,
        "started_at": START,
        "beat_at": beat_at,
        **fields,
    }
    return Heartbeat.objects.create(**row)


def a_pause(**fields: Any) -> Pause:
    row = {"group": GROUP, "topic": "order_invoices", "by": "ada", "paused_at": START, **fields}
    return Pause.objects.create(**row)


def a_closed_key(**fields: Any) -> ClosedKey:
    row = {
        "group": GROUP,
        "topic": "order_invoices",
        "key": b"1042",
        "cause": "paused",
        "by": "ada",
        "closed_at": START,
        **fields,
    }
    return ClosedKey.objects.create(**row)


def a_seek(**fields: Any) -> Seek:
    row = {
        "group": GROUP,
        "topic": "order_invoices",
        "partition": 1,
        "from_offset": 128,
        "to_offset": 0,
        "by": "ada",
        "requested_at": START,
        **fields,
    }
    return Seek.objects.create(**row)


def a_gap(**fields: Any) -> Gap:
    row = {
        "group": GROUP,
        "topic": "order_invoices",
        "partition": 1,
        "cause": "retention",
        "policy": "earliest",
        "from_offset": 10,
        "to_offset": 128,
        "missed": 118,
        "host": "app-1",
        "pid": 41,
        "at": START,
        **fields,
    }
    return Gap.objects.create(**row)
