"""The backlog: how much the outbox holds and how old it is, cheap whatever it holds."""

from dataclasses import dataclass

from django.db import connection

from events.conf import waybill

# Counts are exact up to this number; beyond it they say "at least".
COUNTED = 5_000
# Of the entries of a topic that wait for another attempt, those next in line are looked at.
RETRIES = 1_000

# A topic with entries is found from the one before it: an index probe each, never a scan. What
# `outbox_ready` holds of a topic begins with the entries that have no time to wait for (they are
# due since -infinity), in order; the others follow by their times. Each part asks for the order of
# its index: so it is read from the index, whatever the planner thinks of the table.
_DUE = "coalesce(o.retry_at, o.publish_after, '-infinity'::timestamptz)"
_TOPICS = """
WITH RECURSIVE topics(topic) AS (
    (SELECT topic FROM events_outboxentry WHERE parked_at IS NULL ORDER BY topic LIMIT 1)
    UNION ALL
    SELECT (SELECT o.topic FROM events_outboxentry o
            WHERE o.parked_at IS NULL AND o.topic > t.topic ORDER BY o.topic LIMIT 1)
    FROM topics t WHERE t.topic IS NOT NULL
)
"""
_OLDEST = f"""
SELECT extract(epoch FROM now() - min(found.since))
FROM topics t CROSS JOIN LATERAL (
    (SELECT o.created_at AS since FROM events_outboxentry o
     WHERE o.parked_at IS NULL AND o.topic = t.topic AND {_DUE} <= '-infinity'
     ORDER BY {_DUE}, o.sequence LIMIT 1)
    UNION ALL
    (SELECT min(coalesce(w.publish_after, w.created_at)) FROM (
        SELECT o.publish_after, o.created_at FROM events_outboxentry o
        WHERE o.parked_at IS NULL AND o.topic = t.topic
          AND {_DUE} > '-infinity' AND {_DUE} <= now() + %(backoff_s)s * interval '1 second'
          AND (o.retry_at IS NOT NULL OR o.publish_after <= now())
        ORDER BY {_DUE}, o.sequence LIMIT %(retries)s) w)
) found
"""  # noqa: S608 - constants of this file
_PENDING = f"""
SELECT count(*) FROM (
    SELECT FROM topics t CROSS JOIN LATERAL (
        (SELECT FROM events_outboxentry o
         WHERE o.parked_at IS NULL AND o.topic = t.topic AND {_DUE} <= now()
         ORDER BY {_DUE}, o.sequence LIMIT %(limit)s)
        UNION ALL
        (SELECT FROM events_outboxentry o
         WHERE o.parked_at IS NULL AND o.topic = t.topic AND o.retry_at IS NOT NULL
           AND {_DUE} > now() AND {_DUE} <= now() + %(backoff_s)s * interval '1 second'
         ORDER BY {_DUE}, o.sequence LIMIT %(limit)s)
    ) found LIMIT %(limit)s
) counted
"""  # noqa: S608 - constants of this file
_DELAYED = f"""
SELECT count(*) FROM (
    SELECT FROM topics t CROSS JOIN LATERAL (
        SELECT FROM events_outboxentry o
        WHERE o.parked_at IS NULL AND o.topic = t.topic AND {_DUE} > now()
          AND o.retry_at IS NULL
        ORDER BY {_DUE}, o.sequence LIMIT %(limit)s
    ) found LIMIT %(limit)s
) counted
"""  # noqa: S608 - constants of this file
_PARKED = """
SELECT count(*) FROM (
    SELECT FROM events_outboxentry o WHERE o.parked_at IS NOT NULL
    ORDER BY o.topic, o.key, o.sequence LIMIT %(limit)s
) counted
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """What waits in the outbox.

    `pending` entries are due or wait for another attempt; `delayed` ones are not due yet;
    `parked` ones can never be written. Unless `is_exact`, one of the numbers means "at least".
    `oldest_age_s` is None if nothing is pending.
    """

    pending: int
    delayed: int
    parked: int
    is_exact: bool
    oldest_age_s: float | None


def backlog() -> Backlog:
    """Return the backlog as it is now. Raises what the database raises."""
    wanted = {"limit": COUNTED + 1, "backoff_s": waybill().relay_max_backoff_s, "retries": RETRIES}
    query = f"{_TOPICS} SELECT ({_PENDING}), ({_DELAYED}), ({_PARKED}), ({_OLDEST})"
    with connection.cursor() as cursor:
        cursor.execute(query, wanted)
        *counts, oldest = cursor.fetchone()
    pending, delayed, parked = (min(count, COUNTED) for count in counts)
    return Backlog(
        pending=pending,
        delayed=delayed,
        parked=parked,
        is_exact=max(counts) <= COUNTED,
        oldest_age_s=_age_s(oldest),
    )


def oldest_age_s() -> float | None:
    """Return the age of the oldest pending entry in seconds, None if there is none.

    An entry with a wished delay counts from its end, a parked one not at all. Raises what the
    database raises.
    """
    wanted = {"backoff_s": waybill().relay_max_backoff_s, "retries": RETRIES}
    with connection.cursor() as cursor:
        cursor.execute(f"{_TOPICS}{_OLDEST}", wanted)
        return _age_s(cursor.fetchone()[0])


def _age_s(seconds: float | None) -> float | None:
    return None if seconds is None else max(0.0, float(seconds))
