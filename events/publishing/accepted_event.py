"""AcceptedEvent: what is known of an event the moment it is stored."""

from datetime import datetime
from uuid import UUID

import msgspec


class AcceptedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A stored event as its publisher is told of it; the fields are those of the model.

    `name` is its id as text: that is what is told of most events.
    """

    name: str
    source: str
    ce_id: str
    topic: str
    key: str | None
    type: str
    subject: str
    content_type: str
    value: bytes | None
    value_sha256: bytes | None
    headers: tuple[tuple[str, str], ...]
    traceparent: str
    occurred_at: datetime
    accepted_at: datetime
    published_by: str
    request_id: str
    idempotency_key: str

    @property
    def pk(self) -> UUID:
        """The id."""
        return UUID(self.name)
