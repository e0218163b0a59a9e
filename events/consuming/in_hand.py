"""In hand: which offsets are being worked on, so that a death there is noticed afterwards."""

from collections.abc import Collection, Iterable

from events.consuming.delivery import Delivery
from events.consuming.process import HOST, PID
from events.event import Position
from events.kafka.record import Partition
from events.sql import run

# Losing the last of these notes in a crash of PostgreSQL itself costs nothing but the notice.
_NOTE = """
    WITH fast AS (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO events_inhand
        ("group", topic, partition, first_offset, last_offset, host, pid, since)
    SELECT %(group)s, given.*, %(host)s, %(pid)s, now()
    FROM fast, unnest(%(topics)s::text[], %(partitions)s::int[],
                      %(firsts)s::bigint[], %(lasts)s::bigint[]) AS given
    ON CONFLICT ("group", topic, partition) DO UPDATE
    SET first_offset = excluded.first_offset, last_offset = excluded.last_offset,
        host = excluded.host, pid = excluded.pid, since = excluded.since
"""
_CLEAR = """
    DELETE FROM events_inhand
    WHERE "group" = %(group)s AND (topic, partition) IN
        (SELECT * FROM unnest(%(topics)s::text[], %(partitions)s::int[]))
"""
_FOUND = """
    SELECT topic, partition, first_offset, last_offset FROM events_inhand
    WHERE "group" = %(group)s AND (topic, partition) IN
        (SELECT * FROM unnest(%(topics)s::text[], %(partitions)s::int[]))
"""


class InHandNotes:
    """The notes of one group; a range found when a partition is new is suspect.

    Messages of a suspect range are run one by one, each attempt committed before its handler.
    """

    def __init__(self, *, group: str) -> None:
        self._group = group
        self._known: set[Partition] = set()
        self._suspect: dict[Partition, tuple[int, int]] = {}

    def look(self, partitions: Collection[Partition]) -> bool:
        """Find what an earlier owner of these partitions left in hand; asks once per partition.

        Returns whether any of them was new.
        """
        new = set(partitions) - self._known
        if not new:
            return False
        for topic, partition, first, last in run(_FOUND, self._where(new)):
            self._suspect[topic, partition] = (first, last)
        self._known |= new
        return True

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Ask again about partitions that were another's meanwhile."""
        for partition in partitions:
            self._known.discard(partition)
            self._suspect.pop(partition, None)

    def is_suspect(self, position: Position) -> bool:
        """Whether a process died working on a range that holds this position."""
        first, last = self._suspect.get((position.topic, position.partition), (0, -1))
        return first <= position.offset <= last

    def note(self, deliveries: Collection[Delivery]) -> None:
        """Write that these are in work; committed at once unless a transaction is open."""
        ranges: dict[Partition, tuple[int, int]] = {}
        for delivery in deliveries:
            offset = delivery.record.offset
            first, last = ranges.get(delivery.partition, (offset, offset))
            ranges[delivery.partition] = (min(first, offset), max(last, offset))
        firsts = [first for first, _ in ranges.values()]
        lasts = [last for _, last in ranges.values()]
        run(
            _NOTE,
            {
                **self._where(ranges),
                "host": HOST,
                "pid": PID,
                "firsts": firsts,
                "lasts": lasts,
            },
        )

    def clear(self, partitions: Collection[Partition]) -> None:
        """Remove the notes, in the caller's transaction."""
        if partitions:
            run(_CLEAR, self._where(partitions))

    def passed(self, partition: Partition, next_offset: int) -> None:
        """Drop a suspicion whose range is behind `next_offset`, and its note."""
        _, last = self._suspect.get(partition, (0, -1))
        if partition in self._suspect and next_offset > last:
            self.clear([partition])
            del self._suspect[partition]

    def _where(self, partitions: Collection[Partition]) -> dict[str, object]:
        return {
            "group": self._group,
            "topics": [topic for topic, _ in partitions],
            "partitions": [number for _, number in partitions],
        }
