"""The outbox as the relay sees it: what to send next, and what became of it."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import psycopg

from events.kafka.producer import Delivered
from events.publishing.entry import Entry, Parking, Postponement
from events.publishing.pages import Pages, Wanted, array

# One statement, one transaction: no publication without its entry's end, no end without it.
_DELIVERED = """
WITH gone AS (
    DELETE FROM events_outboxentry o
    USING unnest(%(sequences)s::bigint[], %(partitions)s::int[], %(offsets)s::bigint[])
        AS t(sequence, partition, "offset")
    WHERE o.sequence = t.sequence
    RETURNING o.event_id, o.topic, t.partition, t."offset", o.cause, o.by
)
INSERT INTO events_publication (event_id, topic, partition, "offset", published_at, cause, by)
SELECT event_id, topic, partition, "offset", now(), cause, by FROM gone
"""
# Once an entry has a time to wait for it keeps one: without, it would stand among the numbers
# that are done with (Horizon).
_POSTPONED = """
UPDATE events_outboxentry o
SET retry_at = now() + t.delay_s * interval '1 second', attempts = o.attempts + 1,
    last_error = t.reason
FROM unnest(%s::bigint[], %s::float8[], %s::text[]) AS t(sequence, delay_s, reason)
WHERE o.sequence = t.sequence
"""
_PARKED = """
UPDATE events_outboxentry o
SET parked_at = now(), attempts = o.attempts + 1, last_error = t.reason
FROM unnest(%s::bigint[], %s::text[]) AS t(sequence, reason)
WHERE o.sequence = t.sequence
"""
_UNDELIVERED = """
SELECT count(*), coalesce(max(nullif(last_error, '')), '')
FROM events_outboxentry
WHERE bucket = ANY(%s::smallint[]) AND parked_at IS NULL
  AND (publish_after IS NULL OR publish_after <= now())
"""


class Entries:
    """The relay's statements, each a transaction of its own over the relay's connection."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._pages = Pages(connection)

    def exchange(
        self,
        delivered: Sequence[Delivered],
        *,
        wanted: Wanted | None,
        meanwhile: Callable[[], None],
    ) -> tuple[list[Entry], bool]:
        """Write the publications and end their entries, then read a page if one is wanted.

        The tokens are Entry values. PostgreSQL does all that while `meanwhile()` runs, which must
        not use the connection. Returns the page and whether the rest of it is there now.
        """
        if wanted is not None:
            self._pages.lift_floors()
        cursor: psycopg.Cursor[Any] | None = None
        with self._connection.pipeline() as pipeline:
            if delivered:
                self._mark(delivered)
                pipeline.sync()  # it begins, and is committed whatever becomes of the page
            if wanted is not None:
                cursor = self._pages.ask(wanted)
                pipeline.sync()
            meanwhile()
        if cursor is None or wanted is None:
            return [], False
        return self._pages.page(cursor, room_bytes=wanted.room_bytes)

    def postpone(self, postponements: Sequence[Postponement]) -> None:
        """Let the entries wait, and with them the later ones of their keys."""
        self._connection.execute(_POSTPONED, _columns(postponements))

    def park(self, parkings: Sequence[Parking]) -> None:
        """Set the entries aside; the later ones of their keys wait until people decide."""
        self._connection.execute(_PARKED, _columns(parkings))

    def undelivered(self, buckets: Collection[int]) -> tuple[int, str]:
        """Return how many entries that are due remain, parked ones left out, and an error."""
        row = self._connection.execute(_UNDELIVERED, [list(buckets)]).fetchone()
        return (int(row[0]), str(row[1])) if row else (0, "")

    def _mark(self, delivered: Sequence[Delivered]) -> None:
        columns = {
            "sequences": array(report.token.sequence for report in delivered),
            "partitions": array(report.partition for report in delivered),
            "offsets": array(report.offset for report in delivered),
        }
        self._connection.execute(_DELIVERED, columns)


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
