"""A group's standing: what it has still to do, who does it, what stands still and what failed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from events.auditing.health import with_liveness
from events.conf import waybill
from events.consuming.subscriptions import subscriptions
from events.errors import KafkaRefused, ServiceUnavailable
from events.kafka.record import Partition
from events.kafka.standing import GroupStanding, Member, PartitionStanding
from events.models import DeadLetter, Gap, Heartbeat, Pause, Seek
from events.sql import database_time, run

GAPS = 10
LETTERS = 1_000  # open letters are counted up to here
NOT_ASKED = "unknown"  # the state while Kafka is away

_CLOSED_KEYS = """
    SELECT cause, count(*), count(*) FILTER (WHERE is_released), coalesce(sum(held), 0)::bigint
    FROM (
        SELECT k.cause, k.released_at IS NOT NULL OR coalesce(k.until <= now(), false)
                   AS is_released,
               (SELECT count(*) FROM events_deadletter l
                WHERE l."group" = k."group" AND l.topic = k.topic AND l.key = k.key
                  AND l.state = 'held') AS held
        FROM events_closedkey k
        WHERE k."group" = %(group)s
          AND (%(within)s::text[] IS NULL OR k.topic = ANY(%(within)s::text[]))
    ) keys
    GROUP BY cause ORDER BY cause
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupMember:
    """A consumer of the group: Kafka's member and the process whose heartbeat fits, as far known.

    They are joined by the partitions both say they hold. `client_id` and `address` are Kafka's,
    empty where it knows no such member; `host` to `is_alive` are the heartbeat's, empty, None or
    False where there is none.
    """

    partitions: tuple[Partition, ...]
    client_id: str = ""
    address: str = ""
    host: str = ""
    pid: int | None = None
    started_at: datetime | None = None
    beat_at: datetime | None = None
    progress_at: datetime | None = None
    is_alive: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ClosedKeys:
    """Closed keys of one cause; `released` ones drain, `held` messages wait behind all of them."""

    cause: str
    keys: int
    released: int
    held: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is known of a group now; without Kafka (`kafka_error`) `state`, `partitions` and `lag`.

    `progress_age_s` says how long ago the last of its living consumers moved (or started); None
    without one. `open_letters` is LETTERS, with `has_more_letters`, where there are more.
    """

    group: str
    topics: tuple[str, ...]
    kafka_error: str
    state: str
    partitions: tuple[PartitionStanding, ...]
    lag: int | None
    members: tuple[GroupMember, ...]
    pauses: tuple[Pause, ...]
    closed_keys: tuple[ClosedKeys, ...]
    seeks: tuple[Seek, ...]
    gaps: tuple[Gap, ...]
    open_letters: int
    has_more_letters: bool
    progress_age_s: float | None


def group_standing(
    group: str, *, within: Collection[str] | None = None, timeout_s: float = 8.0
) -> Standing:
    """Return how a group stands; an unknown one has no topics. Waits `timeout_s` for Kafka.

    With `within` only as far as these topics go; pauses of the whole group are told all the same.
    """
    subscribed = {each.topic for each in subscriptions(group)}
    topics = tuple(sorted(each for each in subscribed if within is None or each in within))
    among = Q() if within is None else Q(topic__in=list(within))
    kafka, kafka_error = _on_kafka(group, topics, timeout_s=timeout_s)
    now = database_time()
    beats = list(with_liveness().filter(role="consumer", name=group).order_by("process"))
    letters = DeadLetter.objects.open().filter(among, group=group)[: LETTERS + 1].count()
    paused = Q() if within is None else Q(topic__in=["", *within])
    pauses = Pause.objects.filter(paused, group=group).active(now)
    asked = {"group": group, "within": None if within is None else list(within)}
    return Standing(
        group=group,
        topics=topics,
        kafka_error=kafka_error,
        state=kafka.state if kafka else NOT_ASKED,
        partitions=kafka.partitions if kafka else (),
        lag=sum(each.lag for each in kafka.partitions) if kafka else None,
        members=_joined(kafka.members if kafka else (), beats, within=within),
        pauses=tuple(pauses.order_by("paused_at", "pk")),
        closed_keys=tuple(
            ClosedKeys(cause=cause, keys=keys, released=released, held=held)
            for cause, keys, released, held in run(_CLOSED_KEYS, asked)
        ),
        seeks=tuple(
            Seek.objects.requested().filter(among, group=group).order_by("topic", "partition")
        ),
        gaps=tuple(Gap.objects.filter(among, group=group).order_by("-at", "-id")[:GAPS]),
        open_letters=min(letters, LETTERS),
        has_more_letters=letters > LETTERS,
        progress_age_s=_progress_age_s(beats, now),
    )


def living_consumers(group: str) -> int:
    """Return how many consumers of the group say that they live."""
    alive = Heartbeat.objects.alive(database_time(), stale_s=waybill().heartbeat_stale_s)
    return alive.filter(role="consumer", name=group).count()


def _on_kafka(
    group: str, topics: Iterable[str], *, timeout_s: float
) -> tuple[GroupStanding | None, str]:
    # A web process loads Kafka's client only when somebody asks for it.
    from events.kafka.groups import KafkaGroups  # noqa: PLC0415

    try:
        return KafkaGroups(timeout_s=timeout_s).standing(group, topics), ""
    except (ServiceUnavailable, KafkaRefused) as error:
        return None, str(error)


def _joined(
    members: Iterable[Member], beats: Iterable[Heartbeat], *, within: Collection[str] | None
) -> tuple[GroupMember, ...]:
    left = list(members)
    joined = []
    # The living first: a killed process may have held what its successor holds now.
    for row in sorted(beats, key=lambda row: not vars(row)["is_alive"]):
        held = frozenset(_partition(text) for text in row.assignment)
        member = next((each for each in left if each.partitions == held), None)
        if member is not None:
            left.remove(member)
        shown = _among(held, within)
        joined.append(GroupMember(partitions=shown, **_of(member), **_from(row)))
    alone = (GroupMember(partitions=_among(each.partitions, within), **_of(each)) for each in left)
    return (*joined, *alone)


def _among(held: Iterable[Partition], within: Collection[str] | None) -> tuple[Partition, ...]:
    return tuple(sorted(each for each in held if within is None or each[0] in within))


def _of(member: Member | None) -> dict[str, Any]:
    return {"client_id": member.client_id, "address": member.host} if member else {}


def _from(row: Heartbeat) -> dict[str, Any]:
    names = ("host", "pid", "started_at", "beat_at", "progress_at", "is_alive")
    return {name: getattr(row, name) for name in names}


def _partition(text: str) -> Partition:
    topic, _, number = text.rpartition(":")
    return topic, int(number)


def _progress_age_s(beats: Iterable[Heartbeat], now: datetime) -> float | None:
    moved = [row.progress_at or row.started_at for row in beats if vars(row)["is_alive"]]
    return max(0.0, (now - max(moved)).total_seconds()) if moved else None
