"""Delivery: one message for one handler, ready to be applied; or why it never can be."""

from dataclasses import dataclass, replace
from hashlib import sha256

from events.consuming.subscriptions import Handler, Subscription
from events.event import Effect, ReceivedEvent
from events.kafka.record import Partition, Record
from events.retry import RetryPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A decoded message with its subscription and dedupe key."""

    record: Record
    event: ReceivedEvent
    subscription: Subscription
    dedupe_key: str
    handler: Handler
    handler_name: str
    retry: RetryPolicy
    ttl_s: float

    @property
    def partition(self) -> Partition:
        """Topic and partition."""
        return self.record.topic, self.record.partition

    @property
    def event_name(self) -> str:
        """The event as Redis remembers it: source/id."""
        return f"{self.event.source}/{self.event.id}"

    @property
    def value_sha256(self) -> bytes | None:
        """The hash of the exact value; None for a tombstone."""
        return None if self.event.value is None else sha256(self.event.value).digest()

    def event_for(self, *, attempt: int, effect: Effect | None = None) -> ReceivedEvent:
        """Return the event as the handler shall see it in this attempt."""
        if attempt == 1 and effect is None:
            return self.event
        return replace(self.event, attempt=attempt, effect=effect)


@dataclass(frozen=True, kw_only=True, slots=True)
class Undecodable:
    """A message that no handler of the group can ever get; it becomes a dead letter as it is."""

    record: Record
    reason: str

    @property
    def partition(self) -> Partition:
        """Topic and partition."""
        return self.record.topic, self.record.partition


@dataclass(frozen=True, kw_only=True, slots=True)
class Passed:
    """A message of a type the group does not subscribe to: nothing to do but to move on."""

    record: Record

    @property
    def partition(self) -> Partition:
        """Topic and partition."""
        return self.record.topic, self.record.partition


Item = Delivery | Undecodable | Passed
