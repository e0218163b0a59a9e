"""The events of a republishing run, read in the order of their acceptance, with a verdict each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from events.models import Event, OutboxEntry
from events.sql import database_time
from events.topics import declared_topics, topic_named


class Verdict(Enum):
    """What becomes of a chosen event, in words for people."""

    REPUBLISHED = "republished"
    WAITING = "still waits in the outbox, it will be written anyway"
    PARKED = "is parked: mend the cause, then unpark it"
    UNDECLARED = "its topic is no longer declared"
    ERASED = "its value was erased"


class Candidate(NamedTuple):
    """A chosen event; `accepted_at` and `event_id` are its place in the run."""

    accepted_at: datetime
    event_id: UUID
    topic: str
    key: str | None
    verdict: Verdict


class Selection:
    """Events by id, or those of one topic accepted at or after `start` and before `end`.

    Without `end` it is the time of the first look: what is accepted later is no part of the run.
    Raises UnknownTopic for a topic that is not declared, ValueError without ids and topic.
    """

    def __init__(
        self,
        *,
        event_ids: Sequence[UUID] = (),
        topic: str = "",
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> None:
        if bool(event_ids) == bool(topic):
            raise ValueError("choose events by their ids or by a topic")
        if topic:
            topic_named(topic)
        self._event_ids = tuple(event_ids)
        self.topic = topic
        self._start = start
        self._given_end = end

    @property
    def is_by_name(self) -> bool:
        """Whether the events were named one by one."""
        return bool(self._event_ids)

    def told(self) -> dict[str, str | None]:
        """Return the chosen range, for the audit."""
        start = self._start.isoformat() if self._start else None
        return {"accepted_from": start, "accepted_before": self._end.isoformat()}

    def missing(self) -> list[str]:
        """Return the named events that do not exist, each with that reason."""
        known = set(Event.objects.filter(pk__in=self._event_ids).values_list("pk", flat=True))
        return [f"{each}: there is no such event" for each in self._event_ids if each not in known]

    def after(self, last: Candidate | None, *, limit: int) -> list[Candidate]:
        """Return the next `limit` events after `last`, or the first ones."""
        rows = self._chosen()
        if last:
            same = Q(accepted_at=last.accepted_at, pk__gt=last.event_id)
            rows = rows.filter(accepted_at__gte=last.accepted_at)
            rows = rows.filter(same | Q(accepted_at__gt=last.accepted_at))
        entries = OutboxEntry.objects.filter(event=OuterRef("pk"))
        found = (
            rows.order_by("accepted_at", "pk")
            .annotate(
                is_waiting=Exists(entries.pending()),
                is_parked=Exists(entries.parked()),
                is_erased=Q(value__isnull=True, value_sha256__isnull=False),
            )
            .values("accepted_at", "pk", "topic", "key", "is_waiting", "is_parked", "is_erased")
        )
        declared = {topic.name for topic in declared_topics()}
        return [_candidate(row, declared=declared) for row in found[:limit]]

    def _chosen(self) -> QuerySet[Event]:
        if self._event_ids:
            return Event.objects.filter(pk__in=self._event_ids)
        rows = Event.objects.filter(topic=self.topic)
        if self._start:
            rows = rows.filter(accepted_at__gte=self._start)
        return rows.filter(accepted_at__lt=self._end)

    @cached_property
    def _end(self) -> datetime:
        return self._given_end or database_time()


def _candidate(row: Mapping[str, Any], *, declared: set[str]) -> Candidate:
    return Candidate(
        row["accepted_at"],
        row["pk"],
        row["topic"],
        row["key"],
        _verdict(row, is_declared=row["topic"] in declared),
    )


def _verdict(row: Mapping[str, Any], *, is_declared: bool) -> Verdict:
    reasons = (
        (not is_declared, Verdict.UNDECLARED),
        (row["is_erased"], Verdict.ERASED),
        (row["is_parked"], Verdict.PARKED),
        (row["is_waiting"], Verdict.WAITING),
    )
    return next((why for holds, why in reasons if holds), Verdict.REPUBLISHED)
