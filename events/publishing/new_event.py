"""What a caller hands to publish()."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event to publish; a value, nothing in it can be set.

    Exactly one of `data` (rendered to compact JSON) and `value` (exact bytes; None is a tombstone)
    is given. `id` and `source` are the CloudEvents attributes, by default our own id and the
    setting `source`. `occurred_at` is by default the time of acceptance. `publish_after` delays:
    later events may overtake this one.
    """

    topic: str
    type: str
    data: Any = UNSET
    value: bytes | UnsetType | None = UNSET
    key: str | None = None
    subject: str = ""
    id: str = ""
    source: str = ""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    traceparent: str = ""
    occurred_at: datetime | None = None
    publish_after: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Publisher:
    """Who publishes, and by which request: kept with the event."""

    name: str = ""
    request_id: str = ""
    idempotency_key: str = ""
