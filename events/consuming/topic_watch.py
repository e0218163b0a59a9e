"""Topic watch: compares topics on Kafka with what the group saw of them last (the keeper's)."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from django.db import transaction

from events.consuming.exchange import Exchange
from events.consuming.gap_rows import NewGap
from events.kafka.facts import Inquiry, KafkaFacts, TopicFacts
from events.kafka.record import Partition
from events.models import Gap, GroupTopic
from events.sql import run

EVERY_S = 10.0
FIRST = 0  # a new topic begins there; should its first messages be gone already, that is told next

_SEEN = """
    UPDATE events_grouptopic SET seen_at = now(),
        topic_id = CASE WHEN topic_id = '' THEN given.id ELSE topic_id END
    FROM unnest(%(topics)s::text[], %(ids)s::text[]) AS given(name, id)
    WHERE "group" = %(group)s AND topic = given.name
"""
_SETTLED = """
    INSERT INTO events_grouptopic AS row ("group", topic, topic_id, partitions, seen_at)
    VALUES (%(group)s, %(topic)s, %(topic_id)s, %(partitions)s, now())
    ON CONFLICT ("group", topic) DO UPDATE
    SET partitions = greatest(row.partitions, excluded.partitions), seen_at = now()
    WHERE row.topic_id = excluded.topic_id
"""
# One process of the group finds it first, and sees to all partitions.
_ANOTHER = """
    UPDATE events_grouptopic
    SET topic_id = %(topic_id)s, partitions = %(partitions)s, seen_at = now()
    WHERE "group" = %(group)s AND topic = %(topic)s AND topic_id = %(known)s
    RETURNING id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    inquiry: Inquiry[dict[str, TopicFacts]]
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Unsettled:
    inquiry: Inquiry[dict[Partition, int]]
    topics: Mapping[str, TopicFacts]


class TopicWatch:
    """Looks when told to and every ten seconds; used by the keeper only.

    A topic's row is written when every partition has a committed offset, and not before: until
    then a partition without one is where the group begins; afterwards it has lost its place.
    """

    def __init__(
        self,
        *,
        group: str,
        topics: Collection[str],
        facts: KafkaFacts,
        exchange: Exchange,
        policy: Gap.Policy,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._group = group
        self._topics = tuple(topics)
        self._facts = facts
        self._exchange = exchange
        self._policy = policy
        self._clock = clock
        self._asked: _Asked | None = None
        self._unsettled: _Unsettled | None = None
        self._due_at = float("-inf")
        self._looked: dict[str, float] = {}
        self.sizes: dict[str, int] = {}  # of the topics that were compared

    def look_soon(self) -> None:
        """Have the next step ask Kafka."""
        self._due_at = float("-inf")

    def has_looked_since(self, topic: str, at: float) -> bool:
        """Whether the topic was compared with an answer that was asked for after `at`."""
        return self._looked.get(topic, float("-inf")) >= at

    def step(self) -> None:
        """Ask if it is time, and compare what was answered."""
        now = self._clock()
        if self._asked is None and now >= self._due_at:
            self._asked = _Asked(inquiry=self._facts.topics(self._topics), at=now)
            self._due_at = now + EVERY_S
        if self._asked is not None and self._asked.inquiry.is_done:
            # Taken off only when all is written: an outage of the database repeats it.
            self._compare(self._asked.inquiry.answer(), asked_at=self._asked.at)
            self._asked = None
        if self._unsettled is not None and self._unsettled.inquiry.is_done:
            self._settle(self._unsettled)
            self._unsettled = None

    def _compare(self, found: Mapping[str, TopicFacts], *, asked_at: float) -> None:
        rows = {row.topic: row for row in GroupTopic.objects.filter(group=self._group)}
        unsettled = {}
        for topic, facts in found.items():
            row = rows.get(topic)
            if row is None or facts.partitions > row.partitions:
                unsettled[topic] = facts
            if row is not None and row.topic_id and facts.topic_id not in ("", row.topic_id):
                self._recreated(row, facts)
        self._seen(found)
        if unsettled:
            partitions = [(t, n) for t, f in unsettled.items() for n in range(f.partitions)]
            inquiry = self._facts.committed(self._group, partitions)
            self._unsettled = _Unsettled(inquiry=inquiry, topics=unsettled)
        self.sizes = {**self.sizes, **{t: facts.partitions for t, facts in found.items()}}
        self._looked.update(dict.fromkeys(found, asked_at))

    def _seen(self, found: Mapping[str, TopicFacts]) -> None:
        ids = [facts.topic_id for facts in found.values()]
        run(_SEEN, {"group": self._group, "topics": list(found), "ids": ids})

    def _settle(self, unsettled: _Unsettled) -> None:
        committed = unsettled.inquiry.answer()
        for topic, facts in unsettled.topics.items():
            if all((topic, number) in committed for number in range(facts.partitions)):
                run(_SETTLED, self._values(topic, facts))

    def _recreated(self, row: GroupTopic, facts: TopicFacts) -> None:
        values = {**self._values(row.topic, facts), "known": row.topic_id}
        with transaction.atomic():
            if not run(_ANOTHER, values):
                return
            for number in range(facts.partitions):
                partition = (row.topic, number)
                gap = NewGap(
                    group=self._group,
                    partition=partition,
                    cause=Gap.Cause.RECREATED,
                    policy=self._policy,
                    from_offset=self._exchange.position_of(partition),
                    to_offset=FIRST,
                )
                gap.write(and_seek=True)

    def _values(self, topic: str, facts: TopicFacts) -> dict[str, object]:
        return {
            "group": self._group,
            "topic": topic,
            "topic_id": facts.topic_id,
            "partitions": facts.partitions,
        }
