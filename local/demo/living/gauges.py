"""Gauges: every figure of the living demo, each read in its own thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from local.demo.lag import GroupLag
from local.demo.living.database_counts import DatabaseCounts
from local.demo.living.figures import Counts, Mails
from local.demo.living.gauge import Gauge, Reading
from local.demo.living.mail_count import MailCount, SentCount
from local.demo.orders import Order
from local.demo.processes import GROUP, TOPIC
from local.demo.stage import Stage
from local.smtp import Smtp

_KAFKA_ANSWERS_WITHIN_S = 2.0
_PROBE_EVERY_S = 2.0


class _Source(Protocol):
    def close(self) -> None: ...


class Gauges:
    """Started and stopped together; asking them never waits for any service."""

    def __init__(self, stage: Stage, *, by_hand: Order) -> None:
        url = stage.environment["DATABASE_URL"]
        counts = DatabaseCounts(url, by_hand=by_hand.order_id)
        lag = GroupLag(
            environment=stage.environment,
            topic=TOPIC,
            group=GROUP,
            answer_within_s=_KAFKA_ANSWERS_WITHIN_S,
        )
        self._counts = Gauge(counts.read)
        self._lags = {GROUP: Gauge(lag.read)}
        self._mails = Gauge(_mail_reader(stage, by_hand))
        self._answers = {
            service.name: Gauge(service.answers, every_s=_PROBE_EVERY_S)
            for service in stage.stack.services
        }
        self._closed_after: list[tuple[Gauge[Any], _Source]] = [
            (self._counts, counts),
            (self._lags[GROUP], lag),
        ]

    def start(self) -> None:
        """Begin to read."""
        for gauge in self._all():
            gauge.start()

    def stop(self) -> None:
        """Read no more; connections that are not in use are closed."""
        hanging = [gauge for gauge in self._all() if not gauge.stop()]
        for gauge, source in self._closed_after:
            if gauge not in hanging:
                source.close()

    def counts(self) -> Reading[Counts]:
        """What the database tells."""
        return self._counts.reading()

    def lag(self) -> Mapping[str, Reading[int]]:
        """How far each group is behind."""
        return {group: gauge.reading() for group, gauge in self._lags.items()}

    def mails(self) -> Reading[Mails]:
        """What arrived."""
        return self._mails.reading()

    def answers(self, name: str) -> bool:
        """False when this service of ours was asked and did not answer."""
        gauge = self._answers.get(name)
        if gauge is None:
            return True
        reading = gauge.reading()
        return reading.is_fresh and reading.value is not False

    def _all(self) -> list[Gauge[Any]]:
        return [self._counts, *self._lags.values(), self._mails, *self._answers.values()]


def _mail_reader(stage: Stage, by_hand: Order) -> Callable[[], Mails]:
    for service in stage.stack.services:
        if isinstance(service, Smtp):
            return MailCount(service.journal, by_hand=by_hand.email).read
    own = DatabaseCounts(stage.environment["DATABASE_URL"], by_hand=by_hand.order_id)
    return SentCount(own.read).read
