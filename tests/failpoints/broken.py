"""Broken on purpose: variants of the product that the checker must catch."""

from collections.abc import Callable, Sequence
from typing import Any

import redis
from confluent_kafka import TopicPartition

from events.consuming.consumer import STEP_S, GroupConsumer
from events.consuming.dedupe import DedupeCache
from events.consuming.leases import Leases
from events.consuming.ledger import Ledger
from events.kafka.consumer import KafkaConsumer
from events.kafka.producer import Delivered, Failed, KafkaProducer
from events.kafka.record import Partition, Record
from events.publishing.entry import Entry
from events.publishing.pages import Pages
from events.publishing.shipping import Shipping
from tests.failpoints.firing import FailpointReached


def break_on_purpose(variant: str) -> None:
    """Put one variant in place; raises KeyError if there is no such variant."""
    VARIANTS[variant]()


def _mark_before_the_ack() -> None:
    """Have the relay believe that what is queued is written, in the order of its queue."""
    hand_over = Shipping.hand_over

    def hand_over_and_believe(self: Shipping) -> bool:
        loaded = list(self._loaded)
        result = hand_over(self)
        gone = loaded[: len(loaded) - len(self._loaded)]
        believed = [each for each in gone if each.sequence in self.window.sequences]
        if believed:
            reports = [Delivered(each, 0, each.sequence - 1) for each in believed]
            self._outcomes.add_delivered(reports, now=self._clock())
        return result

    def poll(self: KafkaProducer, timeout_s: float) -> tuple[list[Delivered], list[Failed]]:
        self._producer.poll(timeout_s)
        self._reports.clear()
        return [], []

    Shipping.hand_over = hand_over_and_believe  # type: ignore[method-assign]
    KafkaProducer.poll = poll  # type: ignore[method-assign]


def _go_on_from_the_last_sequence() -> None:
    """Have the relay take only entries with a higher number than all it has taken."""
    page = Pages.page
    last = 0

    def page_after(self: Pages, cursor: Any, *, room_bytes: int) -> tuple[list[Entry], bool]:
        nonlocal last
        entries, is_cut = page(self, cursor, room_bytes=room_bytes)
        fresh = [each for each in entries if each.sequence > last]
        last = max([last, *(each.sequence for each in fresh)])
        return fresh, is_cut

    Pages.page = page_after  # type: ignore[method-assign]


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


def _commit_what_was_fetched() -> None:
    """Have a revoked partition's next owner begin after what was fetched, done or not."""
    on_revoke = GroupConsumer.on_revoke

    def commit_the_position(
        self: GroupConsumer, partitions: frozenset[Partition], *, lost: bool
    ) -> None:
        kafka = self._kafka
        asked = [TopicPartition(topic, number) for topic, number in partitions]
        fetched = {
            (each.topic, each.partition): each.offset
            for each in kafka._consumer.position(asked)
            if each.offset >= 0
        }
        on_revoke(self, partitions, lost=lost)
        kafka.commit(fetched, wait=True)

    GroupConsumer.on_revoke = commit_the_position  # type: ignore[method-assign]


def _do_not_poll_while_working() -> None:
    """Have the polling thread wait for the worker, as a loop does that calls its handlers."""

    def wait(self: GroupConsumer) -> None:
        self._progress.news.wait(STEP_S)

    GroupConsumer._wait_for_worker = wait  # type: ignore[method-assign]


def _renew_no_leases() -> None:
    """Have claims run out under the handlers that hold them."""
    Leases.renew = lambda self: 0  # type: ignore[method-assign]


def _claim_what_is_claimed() -> None:
    """Have a second run take the ledger's rows of the first for its own."""
    insert = Ledger.insert

    def insert_or_take(self: Ledger, deliveries: Sequence[Any], **claim: Any) -> dict[str, int]:
        new = insert(self, deliveries, **claim)
        return {each.dedupe_key: new.get(each.dedupe_key, -1) for each in deliveries}

    Ledger.insert = insert_or_take  # type: ignore[method-assign]


VARIANTS: dict[str, Callable[[], None]] = {
    "relay marks before the ack": _mark_before_the_ack,
    "relay goes on from the last sequence": _go_on_from_the_last_sequence,
    "Redis-only dedupe": _dedupe_by_redis_alone,
    "a claim in Redis, a lost reply is a no": _claim_in_redis,
    "the loop goes on after a callback's error": _go_on_after_callback_errors,
    "a revocation commits what was fetched": _commit_what_was_fetched,
    "nobody polls while a handler runs": _do_not_poll_while_working,
    "nobody renews leases": _renew_no_leases,
    "a retry does not look into the ledger": _claim_what_is_claimed,
}
