"""Outcomes: what Kafka said of entries and the outbox does not know yet."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from events.kafka.producer import Delivered
from events.publishing.entry import Entry, Parking, Postponement

logger = logging.getLogger(__name__)


class Untaken(NamedTuple):
    """An entry that Kafka did not take, and when it may be tried again."""

    entry: Entry
    reason: str
    delay_s: float


class Unwritable(NamedTuple):
    """An entry that Kafka will never take."""

    entry: Entry
    reason: str


@dataclass(slots=True)
class Outcomes:
    """Memory only: forgotten when the session is over that read the entries."""

    delivered: list[Delivered] = field(default_factory=list)
    delivered_since: float = 0.0
    untaken: list[Untaken] = field(default_factory=list)
    unwritable: list[Unwritable] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.delivered) + len(self.untaken) + len(self.unwritable)

    def add_delivered(self, delivered: Sequence[Delivered], *, now: float) -> None:
        """Note confirmed writes."""
        if not self.delivered:
            self.delivered_since = now
        self.delivered += delivered

    def postponements(self) -> list[Postponement]:
        """Return the first untaken entry of each key, to be tried again later.

        The others of the key are as they were before, and stand behind it.
        """
        return [
            Postponement(sequence=head.entry.sequence, delay_s=head.delay_s, reason=head.reason)
            for head in self._heads()
        ]

    def parkings(self) -> list[Parking]:
        """Return what is to be parked."""
        return [Parking(each.entry.sequence, each.reason) for each in self.unwritable]

    def tell(self) -> None:
        """Log what the outbox was told, once: the first untaken of each key, and each parked."""
        for head in self._heads():
            logger.warning(
                "Kafka did not take an event; it is tried again",
                extra={**_named(head.entry), "delay_s": head.delay_s, "reason": head.reason},
            )
        for each in self.unwritable:
            logger.error(
                "an event can never be written and is parked",
                extra={**_named(each.entry), "reason": each.reason},
            )

    def _heads(self) -> Iterator[Untaken]:
        seen: set[tuple[str, str | None]] = set()
        for each in sorted(self.untaken, key=lambda one: one.entry.sequence):
            lane = (each.entry.topic, each.entry.key)
            if lane not in seen:
                seen.add(lane)
                yield each


def _named(entry: Entry) -> dict[str, object]:
    return {
        "event_id": entry.event_id,
        "type": entry.type,
        "topic": entry.topic,
        "sequence": entry.sequence,
        "attempts": entry.attempts + 1,
    }
