"""Controls: what people asked of a group (pauses and seeks), as it stands at one moment."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from events.consuming.process import HOST, PID
from events.kafka.record import Partition
from events.sql import run

# Both in one look: it is made twice a second by every consumer.
_READ = """
    SELECT NULL::uuid, topic, partition, NULL::bigint FROM events_pause
    WHERE "group" = %(group)s AND resumed_at IS NULL AND (until IS NULL OR until > now())
    UNION ALL
    SELECT id, topic, partition, to_offset FROM events_seek
    WHERE "group" = %(group)s AND state = 'requested'
"""
_SOUGHT = """
    UPDATE events_seek SET state = 'done', done_at = now(), done_by = %(by)s
    WHERE id = ANY(%(ids)s::uuid[]) AND state = 'requested'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedSeek:
    """A wish that the group goes on at `to_offset`; in force until its row says done."""

    id: UUID
    partition: Partition
    to_offset: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Controls:
    """Pauses by topic and partition; an empty topic is the whole group, None all partitions."""

    paused: frozenset[tuple[str, int | None]] = frozenset()
    seeks: frozenset[WantedSeek] = frozenset()

    def is_paused(self, partition: Partition) -> bool:
        """Whether the partition stands still by somebody's wish."""
        topic, number = partition
        return not self.paused.isdisjoint({("", None), (topic, None), (topic, number)})


def read_controls(group: str) -> Controls:
    """Return what is in force now, by the database's clock."""
    rows = run(_READ, {"group": group})
    return Controls(
        paused=frozenset((topic, number) for seek, topic, number, _ in rows if seek is None),
        seeks=frozenset(
            WantedSeek(id=seek, partition=(topic, number), to_offset=to_offset)
            for seek, topic, number, to_offset in rows
            if seek is not None
        ),
    )


def mark_sought(ids: Collection[UUID]) -> None:
    """Say that these seeks are carried out and their offsets committed."""
    run(_SOUGHT, {"ids": list(ids), "by": f"{HOST}:{PID}"})
