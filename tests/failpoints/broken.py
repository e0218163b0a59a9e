"""Broken on purpose: variants of the product that the checker must catch."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from events.consuming.ledger import Ledger
from events.kafka.producer import Delivered, Failed, KafkaProducer
from events.publishing.entries import Entry
from events.publishing.shipping import Shipping


def break_on_purpose(variant: str) -> None:
    """Put one variant in place; raises KeyError if there is no such variant."""
    VARIANTS[variant]()


def _mark_before_the_ack() -> None:
    """Have the relay believe that what is queued is written, in the order of its queue."""
    send = Shipping.send

    def send_and_believe(self: Shipping, entries: Collection[Entry]) -> None:
        before = set(self.window.sequences)
        send(self, entries)
        believed = [each for each in entries if each.sequence in self.window.sequences]
        reports = [Delivered(each, 0, each.sequence - 1) for each in believed]
        fresh = [each for each in reports if each.token.sequence not in before]
        if fresh:
            self._outcomes.add_delivered(fresh, now=self._clock())

    def poll(self: KafkaProducer, timeout_s: float) -> tuple[list[Delivered], list[Failed]]:
        self._producer.poll(timeout_s)
        self._reports.clear()
        return [], []

    Shipping.send = send_and_believe  # type: ignore[method-assign]
    KafkaProducer.poll = poll  # type: ignore[method-assign]


def _dedupe_by_redis_alone() -> None:
    """Have the ledger call every key new and keep nothing: what is left is Redis."""

    def insert(self: Ledger, deliveries: Sequence[Any], **_claim: Any) -> dict[str, int]:
        return {each.dedupe_key: -1 for each in deliveries}

    Ledger.insert = insert  # type: ignore[method-assign]


VARIANTS: dict[str, Callable[[], None]] = {
    "relay marks before the ack": _mark_before_the_ack,
    "Redis-only dedupe": _dedupe_by_redis_alone,
}
