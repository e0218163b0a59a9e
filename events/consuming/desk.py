"""Desk: what the keeper does for people and for the group's place on Kafka, twice a second."""

from events.conf import Waybill
from events.consuming.controls import mark_sought, read_controls
from events.consuming.exchange import Exchange, News
from events.consuming.gaps import Gaps
from events.consuming.topic_watch import TopicWatch
from events.kafka.facts import KafkaFacts
from events.models import Gap


class Desk:
    """Used by the keeper only; the database's errors are raised, and the next look repeats."""

    def __init__(
        self,
        *,
        group: str,
        topics: list[str],
        settings: Waybill,
        facts: KafkaFacts,
        exchange: Exchange,
    ) -> None:
        self._group = group
        self._exchange = exchange
        self._topics = TopicWatch(
            group=group,
            topics=topics,
            facts=facts,
            exchange=exchange,
            policy=Gap.Policy(settings.on_gap),
        )
        self._gaps = Gaps(
            group=group, settings=settings, facts=facts, topics=self._topics, exchange=exchange
        )

    def look(self) -> None:
        """Mark the seeks that are done, see to topics and gaps, and tell what is in force.

        What is told was read after all that was written: the polling thread never goes on before
        it knows of the pause or the seek that belongs to a gap.
        """
        if sought := self._exchange.sought:
            mark_sought(sought)
        if self._exchange.look_at_topics.is_set():
            self._exchange.look_at_topics.clear()
            self._topics.look_soon()
        self._topics.step()
        controls = read_controls(self._group)
        if self._gaps.step(controls):
            controls = read_controls(self._group)
        news = News(controls=controls, sizes=self._topics.sizes, found=self._gaps.found)
        if news != self._exchange.news:
            self._exchange.news = news
