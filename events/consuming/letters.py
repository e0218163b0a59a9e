"""Letters: what comes back to a group from the database instead of from Kafka."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from events.consuming.letter_record import record_of
from events.kafka.record import Partition, Record
from events.models import DeadLetter
from events.sql import run

AT_ONCE = 20

_GLANCE = """
    SELECT closed.keys, closed.all_of_them,
           EXISTS (SELECT FROM events_deadletter
                   WHERE "group" = %(group)s AND state = 'redriving'),
           EXISTS (SELECT FROM events_closedkey
                   WHERE "group" = %(group)s AND (released_at IS NOT NULL OR until <= now()))
    FROM (SELECT count(*) AS keys, bit_xor(uuid_hash_extended(id, 0)) AS all_of_them
          FROM events_closedkey WHERE "group" = %(group)s) closed
"""
_REDRIVING = """
    SELECT l.id, l.topic, l.partition FROM events_deadletter l
    JOIN unnest(%(topics)s::text[], %(partitions)s::int[]) AS ours(topic, partition)
      ON l.topic = ours.topic AND l.partition = ours.partition
    WHERE l."group" = %(group)s AND l.state = 'redriving' AND l.id <> ALL(%(waiting)s::uuid[])
      AND NOT EXISTS (
          SELECT FROM events_closedkey k
          WHERE k."group" = l."group" AND k.topic = l.topic AND k.key = l.key
            AND k.cause = 'paused' AND k.released_at IS NULL
            AND (k.until IS NULL OR k.until > now()))
    ORDER BY l.topic, l.partition, l."offset", l.created_at, l.id
    LIMIT %(most)s
"""
# The first of what is held behind each released key; none is left where the letter is null.
_RELEASED = """
    SELECT k.id, first.id, first.topic, first.partition FROM events_closedkey k
    LEFT JOIN LATERAL (
        SELECT l.id, l.topic, l.partition FROM events_deadletter l
        WHERE l."group" = k."group" AND l.topic = k.topic AND l.key = k.key AND l.state = 'held'
        ORDER BY l.partition, l."offset", l.created_at
        LIMIT 1) first ON true
    WHERE k."group" = %(group)s AND (k.released_at IS NOT NULL OR k.until <= now())
      AND k.id <> ALL(%(waiting)s::uuid[])
      AND (first.id IS NULL OR (first.topic, first.partition) IN
           (SELECT * FROM unnest(%(topics)s::text[], %(partitions)s::int[])))
    ORDER BY k.closed_at, k.id
    LIMIT %(most)s
"""


class Glance(NamedTuple):
    """What there is to do at all; `version` changes when keys are closed or opened."""

    version: tuple[object, ...]
    has_redriving: bool
    has_released: bool


class Due(NamedTuple):
    """A letter to run now."""

    id: UUID
    partition: Partition


class ReleasedKey(NamedTuple):
    """A key that people released, with the first message held behind it, if any is left."""

    id: UUID
    first: Due | None


class Read(NamedTuple):
    """A letter's message, the replay that made the letter, and the generation of its row."""

    record: Record
    replay: UUID | None
    generation: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Letters:
    """Reads one group's letters; every method is a query by index."""

    group: str

    def glance(self) -> Glance:
        """Say whether anything is to be done, by whomever."""
        [(*version, redriving, released)] = run(_GLANCE, {"group": self.group})
        return Glance(tuple(version), redriving, released)

    def redriving(self, ours: Collection[Partition], *, but: Collection[UUID]) -> list[Due]:
        """Return the first letters handed back, of our partitions, without those of `but`.

        Those of a key that people paused wait for its release.
        """
        rows = run(_REDRIVING, self._asked(ours, but=but))
        return [Due(letter, (topic, partition)) for letter, topic, partition in rows]

    def released(self, ours: Collection[Partition], *, but: Collection[UUID]) -> list[ReleasedKey]:
        """Return released keys whose first held message is ours to run, or that have none."""
        rows = run(_RELEASED, self._asked(ours, but=but))
        return [
            ReleasedKey(key, None if letter is None else Due(letter, (topic, partition)))
            for key, letter, topic, partition in rows
        ]

    def read(self, letter: UUID) -> Read | None:
        """Return the letter's message as it lay on Kafka; None if it is dealt with meanwhile."""
        states = (DeadLetter.State.REDRIVING, DeadLetter.State.HELD)
        found = DeadLetter.objects.filter(pk=letter, state__in=states).first()
        if found is None:
            return None
        return Read(record_of(found), found.replay_id, found.generation)

    def _asked(self, ours: Collection[Partition], *, but: Collection[UUID]) -> dict[str, object]:
        return {
            "group": self.group,
            "topics": [topic for topic, _ in ours],
            "partitions": [partition for _, partition in ours],
            "waiting": list(but),
            "most": AT_ONCE,
        }
