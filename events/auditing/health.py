"""Health: is it well, and if not, why; by heartbeats, progress and the backlog."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now

from events.conf import waybill as configured
from events.consuming.subscriptions import groups, subscriptions
from events.models import Heartbeat, Pause
from events.publishing.backlog import Backlog, backlog
from events.topics import declared_topics

PROCESSES = 200
BY_ITSELF = "waybill"  # who paused: a storm of dead letters, or a gap

# The newest records of each partition: if one was written after the group last moved, and that is
# a while ago, the group stands still. Busy partitions are told by those before the newest.
_STANDS_STILL = """
SELECT EXISTS (
    SELECT FROM unnest(%(topics)s::text[], %(partitions)s::int[]) AS t(topic, partition)
    CROSS JOIN LATERAL (
        SELECT p.published_at FROM events_publication p
        WHERE p.topic = t.topic AND p.partition = t.partition
        ORDER BY p."offset" DESC LIMIT 1000
    ) newest
    WHERE newest.published_at > %(moved_at)s
      AND newest.published_at < now() - %(patience_s)s * interval '1 second')
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why it is not well; `code` never changes, `detail` is for people."""

    code: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """What is known about the processes and the outbox; it is well if there is no reason not to.

    `processes` are rows of `with_liveness()`, at most PROCESSES.
    """

    reasons: tuple[Reason, ...]
    processes: tuple[Heartbeat, ...]
    backlog: Backlog


def with_liveness() -> QuerySet[Heartbeat]:
    """Annotate `is_alive`: by the database's clock the last beat is recent."""
    recent = Q(beat_at__gte=Now() - timedelta(seconds=configured().heartbeat_stale_s))
    return Heartbeat.objects.annotate(
        is_alive=ExpressionWrapper(recent, output_field=BooleanField())
    )


def health() -> Health:
    """Return how it is now: three queries, and one for each group that has consumers."""
    processes = tuple(with_liveness().order_by("role", "name", "process")[:PROCESSES])
    waiting = backlog()
    alive = [row for row in processes if vars(row)["is_alive"]]
    reasons = (*_relaying(alive, waiting), *_consuming(alive))
    return Health(reasons=reasons, processes=processes, backlog=waiting)


def _relaying(alive: Sequence[Heartbeat], waiting: Backlog) -> Iterator[Reason]:
    if not any(row.role == "relay" for row in alive):
        yield Reason(
            code="no-relay",
            detail="No relay is running: nothing reaches Kafka. Start manage.py runrelay.",
        )
    age_s = waiting.oldest_age_s or 0.0
    if age_s > configured().backlog_age_limit_s:
        yield Reason(
            code="publishing-refused",
            detail=f"The oldest event waits for Kafka for {age_s:.0f} s: new ones are refused.",
        )
    elif age_s > configured().relay_max_backoff_s:
        yield Reason(
            code="backlog-old",
            detail=f"The oldest event waits for Kafka for {age_s:.0f} s.",
        )
    if waiting.parked:
        yield Reason(
            code="parked",
            detail="Events are parked: they can never be written to Kafka as they are.",
        )


def _consuming(alive: Sequence[Heartbeat]) -> Iterator[Reason]:
    pauses = _pauses()
    for group in groups():
        paused = [row for row in pauses if row.group == group]
        for row in paused:
            if row.by == BY_ITSELF:
                yield Reason(code="paused-by-waybill", detail=f"{_named(row)}: {row.reason}")
        members = [row for row in alive if (row.role, row.name) == ("consumer", group)]
        if not members:
            yield Reason(
                code="no-consumer",
                detail=f"No consumer of {group} is running. Start manage.py runconsumer {group}.",
            )
        elif _stands_still(group, members, paused):
            yield Reason(
                code="no-progress",
                detail=f"Group {group} moves nothing, although its topics hold newer events.",
            )


def _pauses() -> Sequence[Pause]:
    in_force = Q(until__isnull=True) | Q(until__gt=Now())
    rows = Pause.objects.filter(in_force, resumed_at__isnull=True)
    return tuple(rows.order_by("paused_at", "id"))


def _named(row: Pause) -> str:
    place = f" in {row.topic}" if row.topic else ""
    partition = "" if row.partition is None else f", partition {row.partition},"
    return f"Group {row.group} is paused{place}{partition} since {row.paused_at:%F %H:%M} UTC"


def _is_paused(topic: str, number: int, paused: Sequence[Pause]) -> bool:
    return any(row.topic in ("", topic) and row.partition in (None, number) for row in paused)


def _stands_still(group: str, members: Sequence[Heartbeat], paused: Sequence[Pause]) -> bool:
    moved_at = max(row.progress_at or row.started_at for row in members)
    subscribed = {each.topic for each in subscriptions(group)}
    partitions = [
        (topic.name, number)
        for topic in declared_topics()
        if topic.name in subscribed
        for number in range(topic.partitions)
        if not _is_paused(topic.name, number, paused)
    ]
    if not partitions:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            _STANDS_STILL,
            {
                "topics": [name for name, _ in partitions],
                "partitions": [number for _, number in partitions],
                "moved_at": moved_at,
                "patience_s": configured().handler_deadline_s,
            },
        )
        return bool(cursor.fetchone()[0])
