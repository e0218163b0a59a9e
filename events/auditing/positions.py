"""Positions: the newest rows of some topics, read partition by partition from their ends.

Where a table is large and knows its topics by position only, the newest rows of a topic lie at the
ends of its partitions, whatever lies in other topics and however long ago they were written.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from events.auditing.lanes import EXAMINED, Places

# The partitions of each topic: one step down the index for each.
_PARTITIONS = """
WITH RECURSIVE found(topic, partition) AS (
    SELECT t.topic, (SELECT min(r.partition) FROM {table} r WHERE r.topic = t.topic)
    FROM unnest(%(topics)s::text[]) AS t(topic)
    UNION ALL
    SELECT l.topic, (SELECT min(r.partition) FROM {table} r
                     WHERE r.topic = l.topic AND r.partition > l.partition)
    FROM found l WHERE l.partition IS NOT NULL
), ends AS (SELECT * FROM found WHERE partition IS NOT NULL)
"""
_END = """
SELECT r.* FROM {table} r WHERE r.topic = ends.topic AND r.partition = ends.partition
ORDER BY r."offset" DESC
"""
_NEWEST = """
SELECT l.id FROM ends CROSS JOIN LATERAL (
    SELECT f.id, f."offset" FROM ({end} LIMIT %(examined)s) f WHERE {matches}
    ORDER BY f."offset" DESC LIMIT %(enough)s
) l ORDER BY l.id DESC LIMIT %(enough)s
"""
_IS_CUT = (
    "SELECT EXISTS (SELECT FROM ends CROSS JOIN LATERAL ({end} OFFSET %(examined)s LIMIT 1) l)"
)


def newest_at_positions(
    table: str,
    *,
    topics: Sequence[str],
    filters: Sequence[str],
    parameters: Mapping[str, Any],
    limit: int,
    examined: int = EXAMINED,
) -> Places:
    """Return the ids of at most `limit` rows, the largest first: one or two queries.

    filters: SQL of ours on the row `f`; of each partition a topic's share of `examined` rows is
    looked at. `next` only says whether there may be more: positions are not in the order of ids,
    so nothing can go on behind one.
    """
    end = _END.format(table=table)
    lanes = _PARTITIONS.format(table=table)
    matches = " AND ".join(["TRUE", *filters])
    asked = {
        **parameters,
        "topics": list(topics),
        "enough": limit + 1,
        "examined": max(limit + 1, examined // max(1, len(topics))) if filters else limit + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(lanes + _NEWEST.format(end=end, matches=matches), asked)
        found = cursor.fetchall()
        is_cut = len(found) > limit
        if filters and not is_cut:
            cursor.execute(lanes + _IS_CUT.format(end=end), asked)
            is_cut = bool(cursor.fetchone()[0])
    found = found[:limit]
    return Places(found, (found[-1] if found else (0,)) if is_cut else None)
