"""Delivery: one message for one handler, ready to be applied; or why it never can be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from events.consuming.imprint import imprint
from events.consuming.key_template import KeyTemplate
from events.consuming.subscriptions import BatchHandler, Handler, Subscription
from events.event import Effect, ReceivedEvent
from events.kafka.record import Partition, Record
from events.models.consumption import LIVE
from events.retry import RetryPolicy

# Attributes and content type: the rest of a message's headers are the publisher's own.
WELL_KNOWN = frozenset(
    {
        *("ce_id", "ce_source", "ce_type", "ce_specversion", "ce_subject", "ce_time"),
        *("ce_partitionkey", "ce_waybillid", "content-type", "traceparent"),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """What is the same for all messages of a subscription (its tombstones have one of their own).

    `handle` takes one event; `handle_batch` is there where the handler takes many at once.
    """

    subscription: Subscription
    name: str
    handle: Handler
    handle_batch: BatchHandler | None
    dedupe_key: KeyTemplate | Callable[[ReceivedEvent], str] | None
    retry: RetryPolicy
    most_attempts: int
    ttl_s: float
    deadline_s: float


class Fetched(msgspec.Struct, kw_only=True, eq=False):
    """A message as it was fetched, or as it comes back as a letter (a DeadLetter's id).

    `replay` is the replay that runs it, if one does; `generation` that of its ledger row.
    """

    record: Record
    letter: UUID | None = None
    replay: UUID | None = None
    generation: UUID = LIVE

    @property
    def partition(self) -> Partition:
        """Topic and partition."""
        return self.record.where


class Delivery(Fetched, kw_only=True, eq=False):
    """A decoded message with its route and dedupe key. The event is made when it is asked for."""

    route: Route
    source: str
    id: str
    attributes: Mapping[str, str]
    occurred_at: datetime | None
    dedupe_key: str = ""
    parsed: Any = msgspec.UNSET
    made: ReceivedEvent | None = None
    digest: bytes | None = None

    @property
    def event(self) -> ReceivedEvent:
        """The event as the handler sees it in its first attempt."""
        if self.made is None:
            self.made = self._received()
        return self.made

    @property
    def subscription(self) -> Subscription:
        """What the handler's declaration says."""
        return self.route.subscription

    @property
    def handler_name(self) -> str:
        """The handler as the audit names it."""
        return self.route.name

    def policy_for(self, error: BaseException) -> RetryPolicy:
        """Return what decides about a failure: of the most special type that has a policy."""
        policies = self.route.subscription.retry_on
        if policies:
            for kind in type(error).__mro__:
                if policy := policies.get(kind):
                    return policy
        return self.route.retry

    @property
    def event_name(self) -> str:
        """What the event calls itself: source/id."""
        return f"{self.source}/{self.id}"

    @property
    def imprint(self) -> str:
        """The event as Redis remembers it: its name and a hash of its value."""
        return imprint(self.event_name, self.value_sha256)

    @property
    def value_sha256(self) -> bytes | None:
        """The hash of the exact value, made once; None for a tombstone."""
        if self.digest is None and self.record.value is not None:
            self.digest = sha256(self.record.value).digest()
        return self.digest

    def event_for(self, *, attempt: int, effect: Effect | None = None) -> ReceivedEvent:
        """Return the event as the handler shall see it in this attempt."""
        if attempt == 1 and effect is None:
            return self.event
        return msgspec.structs.replace(self.event, attempt=attempt, effect=effect)

    def _received(self) -> ReceivedEvent:
        record, attributes = self.record, self.attributes
        return ReceivedEvent(
            id=self.id,
            source=self.source,
            type=self.route.subscription.type,
            topic=record.topic,
            key=record.key,
            value=record.value,
            position=record.position,
            subject=attributes.get("ce_subject", ""),
            content_type=attributes.get("content-type", ""),
            headers=tuple([each for each in record.headers if each[0] not in WELL_KNOWN]),
            traceparent=attributes.get("traceparent", ""),
            occurred_at=self.occurred_at,
            event_id=_uuid(attributes.get("ce_waybillid")),
            replay=None if self.generation == LIVE else self.generation,
            parsed=self.parsed,
        )


class Undecodable(Fetched, kw_only=True, eq=False):
    """A message that no handler of the group can ever get; it becomes a dead letter as it is."""

    reason: str


class Passed(Fetched, kw_only=True, eq=False):
    """A message of a type the group does not subscribe to: nothing to do but to move on."""


Item = Delivery | Undecodable | Passed


def _uuid(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None  # another program's extension of the same name
