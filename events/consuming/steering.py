"""Steering: partitions stand still and go on elsewhere, as people asked and as Kafka forces."""

import logging
import time
from collections.abc import Callable, Collection
from uuid import UUID

from events.consuming.controls import WantedSeek
from events.consuming.exchange import Exchange, News
from events.consuming.fetched_ahead import FetchedAhead
from events.consuming.flow import Flow
from events.consuming.lost_places import LostPlaces
from events.consuming.offsets import Offsets
from events.consuming.positions import Positions
from events.consuming.progress import Progress
from events.consuming.shares import shares
from events.event import Position
from events.kafka.consumer import KafkaConsumer
from events.kafka.record import Partition, Record

logger = logging.getLogger(__name__)

PATIENCE_S = 3.0  # with a Kafka that does not tell whether a topic is still the same


class Steering:
    """Used by the polling thread; `step` costs next to nothing while there is nothing new.

    A partition that has to stand still is left by the worker, what was fetched of it is dropped,
    and it is rewound to its next undone offset. A seek moves it from there, and is over when
    Kafka has taken its offset.
    """

    def __init__(
        self,
        *,
        kafka: KafkaConsumer,
        flow: Flow,
        progress: Progress,
        offsets: Offsets,
        positions: Positions,
        ahead: FetchedAhead,
        exchange: Exchange,
        topics: Collection[str],
        collect: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kafka = kafka
        self._flow = flow
        self._progress = progress
        self._offsets = offsets
        self._positions = positions
        self._ahead = ahead
        self._exchange = exchange
        self._topics = topics
        self._collect = collect
        self._clock = clock
        self._places = LostPlaces(
            kafka=kafka, offsets=offsets, positions=positions, ahead=ahead, exchange=exchange
        )
        self._news = News()
        self._ours: frozenset[Partition] = frozenset()
        self._left: frozenset[Partition] = frozenset()
        self._leaving: set[Partition] = set()
        self._seeking: dict[Partition, WantedSeek] = {}
        self._placed: set[Partition] = set()
        self._sought: frozenset[UUID] = frozenset()
        self._patient_until: dict[str, float] = {}

    @property
    def idle(self) -> frozenset[Partition]:
        """Partitions that have nothing to do because they are paused."""
        controls = self._news.controls
        if controls is None or not self.is_settled:
            return frozenset()
        return frozenset(each for each in self._left if controls.is_paused(each))

    @property
    def is_settled(self) -> bool:
        """Whether no partition is on its way from one place to another."""
        return not (self._leaving or self._seeking or self._places.partitions)

    def step(self, *, is_idle: bool) -> None:
        """Do what has become possible; `is_idle` says that the worker has nothing in hand."""
        if self._has_changed():
            self._take_news()
        if self._leaving:
            self._settle()
        if self._seeking:
            self._seek(is_idle=is_idle)
        if self._places.step(self._news, busy=self._seeking.keys(), is_idle=is_idle):
            self._progress.look_now.set()
            self._close()

    def without_left(self, records: list[Record]) -> list[Record]:
        """Leave out records of partitions that stand still: they are fetched again later."""
        left = {each.where for each in records} & self._left
        if not left:
            return records
        self._leaving |= left
        return [each for each in records if each.where not in left]

    def arrive(self, new: frozenset[Partition]) -> frozenset[Partition]:
        """Take on new partitions; returns those that begin paused. Called within a fetch."""
        now = self._clock()
        for topic, _ in new:
            self._patient_until.setdefault(topic, now + PATIENCE_S)
        held = frozenset(each for each in new if self._must_stand_still(each))
        self._left = (self._left - new) | held
        self._flow.arrive(new, closed=held)
        self._exchange.look_at_topics.set()
        self._progress.look_now.set()
        return held

    def depart(self, partitions: frozenset[Partition]) -> None:
        """Forget partitions that are another's now; a seek of theirs is that one's, too."""
        self._positions.forget(partitions)
        self._places.forget(partitions)
        self._kafka.commits.expect_no_more(partitions)
        self._left -= partitions
        self._leaving -= partitions
        self._placed -= partitions
        for partition in partitions:
            self._seeking.pop(partition, None)
        self._tell(self._kafka.assignment - partitions)

    def _has_changed(self) -> bool:
        if self._exchange.news is not self._news or self._kafka.assignment is not self._ours:
            return True
        return bool(self._patient_until) and self._clock() >= min(self._patient_until.values())

    def _take_news(self) -> None:
        self._news = self._exchange.news
        self._ours = self._kafka.assignment
        self._be_patient_no_more()
        seeks = self._news.controls.seeks if self._news.controls else frozenset()
        self._sought &= {seek.id for seek in seeks}
        self._exchange.sought = self._sought
        for seek in seeks:
            is_new = self._seeking.get(seek.partition) != seek and seek.id not in self._sought
            if seek.partition in self._ours and is_new:
                self._seeking[seek.partition] = seek
                self._placed.discard(seek.partition)
        self._close()

    def _be_patient_no_more(self) -> None:
        now = self._clock()
        for topic, until in tuple(self._patient_until.items()):
            if topic in self._news.sizes:
                del self._patient_until[topic]
            elif now >= until:
                del self._patient_until[topic]
                logger.warning(
                    "Kafka does not tell whether the topic is the one it was; going on, it is "
                    "looked at again",
                    extra={"topic": topic},
                )

    def _must_stand_still(self, partition: Partition) -> bool:
        news = self._exchange.news
        if news.controls is None or self._waits(partition):
            return True
        return any(
            seek.partition == partition and seek.id not in self._sought
            for seek in news.controls.seeks
        )

    def _waits(self, partition: Partition) -> bool:
        """Whether nothing of the partition may be handled, letters included."""
        news = self._exchange.news
        if news.controls is None or news.controls.is_paused(partition):
            return True
        return partition[0] in self._patient_until and partition[0] not in news.sizes

    def _close(self) -> None:
        """Have the worker leave what must stand still now, and open what need not any more."""
        wanted = frozenset(each for each in self._ours if self._must_stand_still(each))
        wanted |= self._seeking.keys()
        if new := wanted - self._left:
            self._progress.leave(new)
            self._ahead.drop(new)
            self._leaving.update(each for each in new if self._positions.of(each) is not None)
        self._left = wanted
        self._flow.close(wanted | self._leaving | self._places.partitions)
        self._tell(self._ours)

    def _settle(self) -> None:
        """Rewind the partitions that the worker is done with."""
        free = {each for each in self._leaving if not self._progress.is_working_on([each])}
        if not free:
            return
        self._collect()  # what it did of them last
        for partition in free:
            offset = self._positions.of(partition)
            if offset is not None:
                self._kafka.rewind(Position(*partition, offset))
        self._leaving -= free
        self._close()

    def _seek(self, *, is_idle: bool) -> None:
        commits = self._kafka.commits
        for partition, seek in tuple(self._seeking.items()):
            if partition in self._leaving:
                continue
            if partition not in self._placed:
                if self._places.move(partition, seek.to_offset, is_idle=is_idle):
                    self._flow.wait_no_more([partition])
                    self._placed.add(partition)
            elif not commits.is_expected(partition):
                self._finish(partition, seek)

    def _finish(self, partition: Partition, seek: WantedSeek) -> None:
        del self._seeking[partition]
        self._placed.discard(partition)
        self._sought |= {seek.id}
        self._exchange.sought = self._sought
        self._progress.look_now.set()
        logger.warning(
            "Went on elsewhere, as asked for",
            extra={"position": f"{partition[0]}:{partition[1]}:{seek.to_offset}"},
        )
        self._close()

    def _tell(self, ours: frozenset[Partition]) -> None:
        is_open = frozenset(each for each in ours if not self._waits(each))
        self._progress.open_partitions = is_open
        self._progress.shares = shares(ours, topics=self._topics, sizes=self._news.sizes)
