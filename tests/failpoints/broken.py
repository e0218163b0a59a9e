"""Broken on purpose: variants of the product that the checker must catch."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import redis

from events.consuming.dedupe import DedupeCache
from events.consuming.ledger import Ledger
from events.kafka.consumer import KafkaConsumer
from events.kafka.producer import Delivered, Failed, KafkaProducer
from events.kafka.record import Record
from events.publishing.entries import Entry
from events.publishing.shipping import Shipping
from tests.failpoints.firing import FailpointReached


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


def _claim_in_redis() -> None:
    """Have Redis hand out the messages, and read "no" into every answer that is not a yes."""

    def done_by(self: DedupeCache, dedupe_keys: Sequence[str]) -> dict[str, str]:
        pipeline = self._redis().pipeline(transaction=False)
        for key in dedupe_keys:
            pipeline.set(key, "claimed", nx=True, ex=3_600)
        try:
            answers = pipeline.execute()
        except redis.RedisError:
            answers = [None] * len(dedupe_keys)  # as a client does that ignores exceptions
        group = self._prefix.removesuffix("|")
        taken = (key for key, is_ours in zip(dedupe_keys, answers, strict=True) if not is_ours)
        return {key: key.removeprefix(f"{group}:") for key in taken}

    DedupeCache.done_by = done_by  # type: ignore[method-assign]


def _go_on_after_callback_errors() -> None:
    """Have a plain loop: wait for a full batch, and whatever comes out of that, wait again."""

    def fetch(self: KafkaConsumer, max_messages: int, *, timeout_s: float) -> list[Record]:
        try:
            messages = self._consumer.consume(max_messages, max(timeout_s, 0.2))
        except FailpointReached:
            return []
        return [record for message in messages if (record := self._record(message))]

    KafkaConsumer.fetch = fetch  # type: ignore[method-assign]


VARIANTS: dict[str, Callable[[], None]] = {
    "relay marks before the ack": _mark_before_the_ack,
    "Redis-only dedupe": _dedupe_by_redis_alone,
    "a claim in Redis, a lost reply is a no": _claim_in_redis,
    "the loop goes on after a callback's error": _go_on_after_callback_errors,
}
