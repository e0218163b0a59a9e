"""What counts the messages of a range by what their group did with them: one partition each.

`low` and `high` are offsets, the second behind the last. Conditions may narrow the messages down
to publications `p` of certain events `e`; without any, those published elsewhere count, too.
"""

from collections.abc import Sequence

_ROW = 'c."group" = %(group)s AND c.generation = %(live)s'
_POSITION = "{0}.topic = %(topic)s AND {0}.partition = %(partition)s"
_RANGE = _POSITION + ' AND {0}."offset" >= %(low)s AND {0}."offset" < %(high)s'
_AT = _POSITION + ' AND {0}."offset" = {1}."offset"'

_LEDGER_RANGE = f"{_RANGE.format('c')} AND {_ROW}"
_LEDGER_AT = f"SELECT FROM events_consumption c WHERE {_AT} AND {_ROW}"
_EVENT = "JOIN events_event e ON e.id = p.event_id"
# Undecodable messages and held ones have a letter, and no row in the ledger.
_LETTER = "l.\"group\" = %(group)s AND l.parent_id IS NULL AND l.state <> 'redriven'"


def by_position(conditions: Sequence[str]) -> str:
    """Count the outcomes of ledger rows in the range; of chosen messages also those without."""
    if not conditions:
        return f"""
            SELECT c.outcome, count(*) FROM events_consumption c
            WHERE {_LEDGER_RANGE} GROUP BY c.outcome"""  # noqa: S608 - as above
    return f"""
        WITH chosen AS MATERIALIZED (
            SELECT p."offset" FROM events_publication p {_EVENT}
            WHERE {_RANGE.format("p")}{_and(conditions)})
        SELECT coalesce(c.outcome, ''), count(*) FROM chosen
        LEFT JOIN events_consumption c ON {_LEDGER_RANGE} AND c."offset" = chosen."offset"
        GROUP BY 1"""  # noqa: S608 - as above


def by_letter(conditions: Sequence[str]) -> str:
    """Count the messages that have a letter only: they are left."""
    chosen = (
        f"""AND EXISTS (SELECT FROM events_publication p {_EVENT}
            WHERE {_AT.format("p", "l")}{_and(conditions)})"""
        if conditions
        else ""
    )
    return f"""
        SELECT CASE l.state WHEN 'held' THEN 'quarantined' ELSE 'dead_lettered' END, count(*)
        FROM events_deadletter l
        WHERE {_RANGE.format("l")} AND {_LETTER}
          AND NOT EXISTS ({_LEDGER_AT.format("c", "l")}) {chosen}
        GROUP BY 1"""  # noqa: S608 - as above


def of_closed_keys(conditions: Sequence[str]) -> str:
    """Count the messages of closed keys that the group never had in hand: they are left."""
    return f"""
        SELECT 'quarantined', count(*) FROM events_event e
        JOIN events_publication p ON p.event_id = e.id
        WHERE e.key = ANY(%(closed)s) AND {_RANGE.format("p")}{_and(conditions)}
          AND NOT EXISTS ({_LEDGER_AT.format("c", "p")})
          AND NOT EXISTS (
            SELECT FROM events_deadletter l WHERE {_AT.format("l", "p")} AND {_LETTER})
          AND NOT EXISTS (
            SELECT FROM events_consumption c WHERE c.event_id = e.id AND {_ROW})"""  # noqa: S608 - as above


def elsewhere(conditions: Sequence[str]) -> str:
    """Count what is done at another position, among `most` at most without a row at theirs.

    Its event lies twice on Kafka, or another event did its key. The outcome '' is that of the
    rest.
    """
    return f"""
        WITH undone AS MATERIALIZED (
            SELECT p.event_id FROM events_publication p {_EVENT if conditions else ""}
            WHERE {_RANGE.format("p")}{_and(conditions)}
              AND NOT EXISTS (SELECT FROM events_consumption c
                WHERE {_LEDGER_RANGE} AND c."offset" = p."offset")
              AND NOT EXISTS (SELECT FROM events_deadletter l
                WHERE {_RANGE.format("l")} AND l."offset" = p."offset" AND {_LETTER})
            LIMIT %(most)s)
        SELECT coalesce(of_event.outcome, of_key.outcome, ''), count(*) FROM undone
        LEFT JOIN LATERAL (
            SELECT c.outcome FROM events_consumption c
            WHERE c.event_id = undone.event_id AND {_ROW} LIMIT 1
        ) of_event ON TRUE
        LEFT JOIN LATERAL (
            SELECT c.outcome FROM events_attempt a
            JOIN events_consumption c ON c.dedupe_key = a.dedupe_key AND {_ROW}
            WHERE of_event.outcome IS NULL AND a.event_id = undone.event_id
              AND a."group" = %(group)s AND a.generation = %(live)s
              AND a.result IN ('duplicate', 'conflict')
            LIMIT 1
        ) of_key ON TRUE
        GROUP BY 1"""  # noqa: S608 - as above


def chosen_only(conditions: Sequence[str]) -> str:
    """Count the chosen messages, whatever was done with them."""
    return f"""
        SELECT '', count(*) FROM events_publication p {_EVENT}
        WHERE {_RANGE.format("p")}{_and(conditions)}"""  # noqa: S608 - as above


def _and(conditions: Sequence[str]) -> str:
    return "".join(f" AND {each}" for each in conditions)
