"""An outbox entry as the relay carries it, and what may become of it beside being delivered."""

from typing import NamedTuple

# What a record weighs beside its value: key, headers, bookkeeping.
OVERHEAD_BYTES = 512


class Entry(NamedTuple):
    """An outbox entry with its event, as read for Kafka; no `event_id`: the event is gone."""

    sequence: int
    topic: str
    key: str | None
    bucket: int
    attempts: int
    size: int
    event_id: str | None
    ce_id: str
    type: str
    source: str
    subject: str
    content_type: str
    value: bytes | None
    headers: list[list[str]] | None
    traceparent: str
    time: str


class Postponement(NamedTuple):
    """An entry to be tried again later."""

    sequence: int
    delay_s: float
    reason: str


class Parking(NamedTuple):
    """An entry that can never be written, and why."""

    sequence: int
    reason: str
