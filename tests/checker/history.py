"""History: everything one run left behind, read from outside the system under test."""

from dataclasses import dataclass, field
from typing import NamedTuple


class EventName(NamedTuple):
    """CloudEvents' identity of an event."""

    source: str
    id: str

    def __str__(self) -> str:
        return f"{self.source}/{self.id}"


class Place(NamedTuple):
    """Topic, partition, offset."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A client was told so. One client owns a key, so its log is a key's order."""

    name: EventName
    topic: str
    key: str | None
    value_sha256: str | None  # None: the client does not know the bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A record as it lies in its topic; one without ce_id is named by its place.

    `clock` is when it was written, in seconds.
    """

    place: Place
    name: EventName
    key: bytes | None
    value_sha256: str | None
    clock: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """The audit says: the event with these bytes lies there."""

    name: EventName
    place: Place
    value_sha256: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Consumption:
    """The ledger says: this group did this key, by that event."""

    group: str
    dedupe_key: str
    outcome: str
    name: EventName
    place: Place
    unknown_count: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """The audit says: this happened to a message; `result` as in the table."""

    group: str
    name: EventName
    place: Place
    result: str
    host: str
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """The audit says: this record was set aside, for this reason.

    A follower did not fail: it was held behind its closed key.
    """

    group: str
    place: Place
    value_sha256: str | None
    reason: str
    key: bytes | None = None
    state: str = "open"
    is_follower: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """A committed write of the tests' handler; nothing in its table forbids a second one."""

    group: str
    name: EventName
    key: str | None
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Handled:
    """A call of the tests' handler, written at its beginning; it may have come to naught."""

    group: str
    name: EventName
    key: str | None
    place: Place
    attempt: int
    pid: int
    clock: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A mail in the sink."""

    order_id: str
    message_id: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SentInvoice:
    """The audit says: the mail server took the invoice of this order."""

    order_id: str
    message_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """One run. Sequences are in the order in which things happened or lie.

    `groups` are the consumer groups that were to handle every record of a topic, by topic.
    `first_offsets` say, by topic and partition, what Kafka has removed. `stepped_out` are events
    that were set aside, or lost on Kafka, and came back later, out of the order of their keys.
    `recovered_after_s` is how long backlog and lag took to get to zero after the last fault.
    """

    accepted: tuple[Accepted, ...] = ()
    records: tuple[Written, ...] = ()
    publications: tuple[Publication, ...] = ()
    parked: frozenset[EventName] = frozenset()
    consumptions: tuple[Consumption, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    effects: tuple[Effect, ...] = ()
    trace: tuple[Handled, ...] = ()
    mails: tuple[Received, ...] = ()
    sent_invoices: tuple[SentInvoice, ...] = ()
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    traced_groups: frozenset[str] = frozenset()
    closed_keys: frozenset[tuple[str, str, bytes | None]] = frozenset()  # group, topic, key
    first_offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    stepped_out: frozenset[EventName] = frozenset()
    backlog: int = 0
    lag: int = 0
    recovered_after_s: float | None = None
