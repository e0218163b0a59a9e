"""Gaps: finds out where a group goes on that lost its place on Kafka (the keeper's)."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction

from events.conf import Waybill
from events.consuming.controls import Controls
from events.consuming.exchange import Exchange, Found, Lost
from events.consuming.gap_rows import NewGap, was_told
from events.consuming.topic_watch import TopicWatch
from events.kafka.facts import Bounds, Inquiry, KafkaFacts
from events.kafka.record import Partition
from events.models import Gap, GroupTopic

logger = logging.getLogger(__name__)

PATIENCE_S = 5.0  # with a Kafka that does not tell what has become of a topic


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    inquiry: Inquiry[dict[Partition, Bounds]]
    at: float


class Gaps:
    """Answers the questions of the polling thread; used by the keeper only.

    A gap is committed in the database before its answer is given, so that the group never goes on
    without one. Asked again after a crash, it writes nothing twice.
    """

    def __init__(
        self,
        *,
        group: str,
        settings: Waybill,
        facts: KafkaFacts,
        topics: TopicWatch,
        exchange: Exchange,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._group = group
        self._begins_at_end = settings.start_at == "latest"
        self._policy = Gap.Policy(settings.on_gap)
        self._facts = facts
        self._topics = topics
        self._exchange = exchange
        self._clock = clock
        self._asked: _Asked | None = None
        self.found: dict[Partition, Found] = {}

    def step(self, controls: Controls) -> bool:
        """Ask Kafka about what is lost, and add to `found`; True if anything was added.

        A partition with a seek is left to it: it says where to go on.
        """
        lost = self._exchange.lost
        self.found = {p: found for p, found in self.found.items() if lost.get(p) == found.lost}
        sought = {seek.partition for seek in controls.seeks}
        wanted = [each for p, each in lost.items() if p not in sought and p not in self.found]
        now = self._clock()
        if wanted and self._asked is None:
            # What has become of the topic says more than an offset that does not fit.
            self._topics.look_soon()
            inquiry = self._facts.bounds([each.partition for each in wanted])
            self._asked = _Asked(inquiry=inquiry, at=now)
        asked = self._asked
        if asked is None or not asked.inquiry.is_done:
            return False
        return self._find(wanted, asked, is_patient=now - asked.at < PATIENCE_S)

    def _find(self, wanted: Sequence[Lost], asked: _Asked, *, is_patient: bool) -> bool:
        bounds = asked.inquiry.answer()
        told = [lost for lost in wanted if lost.partition in bounds]
        topics = {lost.partition[0] for lost in told}
        if is_patient and not all(self._topics.has_looked_since(t, asked.at) for t in topics):
            return False
        for lost in told:
            offset = self._place(lost, bounds[lost.partition])
            self.found[lost.partition] = Found(lost=lost, offset=offset)
        self._asked = None
        return bool(told)

    def _place(self, lost: Lost, bounds: Bounds) -> int:
        """Return where to go on; what was missed is committed then."""
        if lost.at is None:
            return self._begin(lost, bounds)
        if bounds.first <= lost.at <= bounds.end:
            return lost.at
        is_behind = lost.at < bounds.first
        self._write(
            lost,
            to_offset=bounds.first,
            cause=Gap.Cause.RETENTION if is_behind else Gap.Cause.TRUNCATED,
            missed=bounds.first - lost.at if is_behind else None,
        )
        return bounds.first

    def _begin(self, lost: Lost, bounds: Bounds) -> int:
        topic, number = lost.partition
        row = GroupTopic.objects.filter(group=self._group, topic=topic).first()
        if row is None:
            return bounds.end if self._begins_at_end else bounds.first
        if number >= row.partitions:
            self._write(lost, to_offset=bounds.first, cause=Gap.Cause.ADDED, missed=bounds.first)
        elif bounds.first > 0:
            # The committed offset is gone, and so are messages: nobody knows if they were read.
            self._write(lost, to_offset=bounds.first, cause=Gap.Cause.RETENTION, missed=None)
        else:
            logger.warning(
                "Kafka has lost the committed offset; the partition is read from its first "
                "message, and what is done already is skipped",
                extra={"group": self._group, "topic": topic, "partition": number},
            )
        return bounds.first

    def _write(self, lost: Lost, *, to_offset: int, cause: Gap.Cause, missed: int | None) -> None:
        policy = self._policy
        is_resumed = lost.at is not None and was_told(self._group, lost.partition, at=lost.at)
        if cause is Gap.Cause.ADDED or is_resumed:
            policy = Gap.Policy.EARLIEST
        gap = NewGap(
            group=self._group,
            partition=lost.partition,
            cause=cause,
            policy=policy,
            from_offset=lost.at,
            to_offset=to_offset,
            missed=missed,
        )
        with transaction.atomic():
            gap.write()
