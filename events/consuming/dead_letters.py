"""Dead letters: messages set aside with their original bytes."""

import base64
import logging
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from events.consuming.delivery import Delivery, Undecodable
from events.consuming.failure import Failure, storable
from events.errors import InvalidEvent
from events.event import Headers
from events.kafka.record import Record
from events.models import DeadLetter

logger = logging.getLogger(__name__)


def bury(delivery: Delivery, *, failure: Failure, attempts: int) -> None:
    """Store a dead letter in the caller's transaction; the same one twice is stored once."""
    event = delivery.event
    _store(
        delivery.record,
        group=delivery.subscription.group,
        failure=failure,
        event_id=event.event_id,
        source=event.source,
        ce_id=event.id,
        type=event.type,
        dedupe_key=delivery.dedupe_key,
        handler=delivery.handler_name,
        attempts=attempts,
    )


def bury_undecodable(item: Undecodable, *, group: str) -> None:
    """Store a dead letter for a message no handler can get, in a transaction of its own."""
    error = f"{InvalidEvent.__module__}.{InvalidEvent.__qualname__}"
    with transaction.atomic():
        _store(
            item.record,
            group=group,
            failure=Failure(exception=error, error=storable(item.reason)[:2_000]),
        )


def _store(record: Record, *, group: str, failure: Failure, **facts: Any) -> None:
    letter = DeadLetter(
        group=group,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=_headers(record.headers),
        recorded_at=_recorded_at(record.timestamp_ms),
        exception=failure.exception,
        error=failure.error,
        traceback=failure.traceback,
        created_at=Now(),
        changed_at=Now(),
        **facts,
    )
    DeadLetter.objects.bulk_create([letter], ignore_conflicts=True)
    logger.error(
        "A message became a dead letter",
        extra={
            "group": group,
            "position": str(record.position),
            "event_id": str(facts.get("event_id") or facts.get("ce_id") or ""),
            "type": facts.get("type", ""),
            "error": f"{failure.exception}: {failure.error}",
        },
    )


def _headers(headers: Headers) -> list[list[str | None]]:
    return [
        [storable(name), None if value is None else base64.b64encode(value).decode()]
        for name, value in headers
    ]


def _recorded_at(timestamp_ms: int | None) -> datetime | None:
    try:
        return None if timestamp_ms is None else datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
