"""Look-ups: everything a text may name is asked for with one statement, each part by an index."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from events.auditing.loose_scan import loose_scan
from events.event import Position

SOURCES = 100  # of how many sources the CloudEvents ids are looked up, beside our own

# In this order: what is found in two ways is called by the first.
WAYS = (
    *("event id", "dead letter id", "replay id", "position"),
    *("CloudEvents id", "key", "subject", "dedupe key"),
)


class Row(NamedTuple):
    """What one look-up found; `partition` and `offset` are a message's, not an event's."""

    by: str
    type: str
    id: str
    at: datetime
    topic: str
    title: str
    key: str | None
    partition: int | None
    offset: int | None


def looked_up(
    text: str,
    *,
    identifier: UUID | None,
    position: Position | None,
    own_source: str,
    topics: Collection[str] | None,
    most: int,
) -> list[Row]:
    """Return what the text names, of each way at most `most`: one query.

    The identifier and the position are what the text may be read as, too. `topics`: None for all.
    """
    events, messages = _EVENTS, _MESSAGES_BY_KEY
    if identifier is not None:
        events, messages = {**events, **_EVENTS_BY_ID}, {**messages, **_LETTERS_BY_ID}
    if position is not None:
        events, messages = {**events, **_EVENTS_AT}, {**messages, **_MESSAGES_AT}
    statement = _statement(events, messages, with_replay=identifier is not None)
    topic, partition, offset = position or (None, None, None)
    parameters = {
        "text": text,
        "id": identifier,
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "own": own_source,
        "sources": SOURCES,
        "topics": None if topics is None else list(topics),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [Row._make(row) for row in cursor.fetchall()]


_LISTS = f"""
WITH RECURSIVE {loose_scan("sources", table="events_event", column="source")},
{loose_scan("ledger_groups", table="events_consumption", column='"group"')},
{loose_scan("letter_groups", table="events_deadletter", column='"group"')}
"""
_MAY = "(%(topics)s::text[] IS NULL OR {}.topic = ANY(%(topics)s))"
_AT = '{0}.topic = %(topic)s AND {0}.partition = %(partition)s AND {0}."offset" = %(offset)s'

# Way -> the events, `e`.
_EVENTS = {
    "key": "FROM events_event e WHERE e.key = %(text)s",
    "subject": "FROM events_event e WHERE e.subject = %(text)s AND e.subject <> ''",
    "CloudEvents id": """
        FROM (SELECT value FROM (SELECT value FROM sources LIMIT %(sources)s) first
              UNION SELECT %(own)s) s
        CROSS JOIN LATERAL (SELECT * FROM events_event r
                            WHERE r.source = s.value AND r.ce_id = %(text)s LIMIT 1) e
        WHERE true""",
}
_EVENTS_BY_ID = {"event id": "FROM events_event e WHERE e.id = %(id)s"}
_EVENTS_AT = {
    "position": f"""
        FROM events_event e WHERE e.id = ANY(ARRAY(
            SELECT p.event_id FROM events_publication p WHERE {_AT.format("p")}
            LIMIT %(most)s))"""  # noqa: S608 - SQL of ours
}

# Way -> the type of the messages that groups wrote down, and these, `m`.
_LETTER, _CONSUMPTION = "dead_letter", "consumption"
_MESSAGES_BY_KEY = {
    ("dedupe key", _CONSUMPTION): """
        FROM ledger_groups g CROSS JOIN LATERAL (
            SELECT * FROM events_consumption c
            WHERE c."group" = g.value AND c.dedupe_key = %(text)s
            ORDER BY c.generation LIMIT %(most)s) m"""
}
_LETTERS_BY_ID = {
    ("dead letter id", _LETTER): "FROM (SELECT * FROM events_deadletter WHERE id = %(id)s) m"
}
_MESSAGES_AT = {
    ("position", _CONSUMPTION): f"""
        FROM (SELECT * FROM events_consumption c WHERE {_AT.format("c")} LIMIT %(most)s) m""",  # noqa: S608
    ("position", _LETTER): f"""
        FROM letter_groups g CROSS JOIN LATERAL (
            SELECT * FROM events_deadletter l WHERE l."group" = g.value AND {_AT.format("l")}
            LIMIT %(most)s) m""",  # noqa: S608
}
_TIMES = {_LETTER: "m.created_at", _CONSUMPTION: "m.first_at"}
_TITLES = {
    _LETTER: """'dead letter of ' || m."group" || ': '
                || coalesce(nullif(m.exception, ''), m.state)""",
    _CONSUMPTION: """'consumption of ' || m."group" || ': ' || m.outcome""",
}

_REPLAY = """
    SELECT 'replay id', 'replay', r.id::text, r.requested_at,
           (SELECT string_agg(name, ', ') FROM jsonb_array_elements_text(r.topics) name),
           'replay of ' || r."group" || ' (' || r.mode || '): ' || r.state,
           NULL, NULL::int, NULL::bigint
    FROM events_replay r
    WHERE r.id = %(id)s AND (%(topics)s::text[] IS NULL
        OR r.topics <> '[]' AND r.topics <@ to_jsonb(%(topics)s::text[]))
"""


def _statement(
    events: Mapping[str, str], messages: Mapping[tuple[str, str], str], *, with_replay: bool
) -> str:
    parts = [
        *(_events(by, where) for by, where in events.items()),
        _known_by_event(_messages(messages)),
        *([_REPLAY] if with_replay else []),
    ]
    return _LISTS + " UNION ALL ".join(f"({part})" for part in parts)


def _events(by: str, where: str) -> str:
    return f"""
        SELECT '{by}', 'event', e.id::text, e.accepted_at, e.topic, e.type, e.key,
               NULL::int, NULL::bigint
        {where} AND {_MAY.format("e")}
        ORDER BY e.accepted_at DESC, e.id DESC LIMIT %(most)s"""


def _messages(messages: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for (by, kind), rows in messages.items():
        yield f"""
        SELECT '{by}' AS by, '{kind}' AS type, m.id::text AS id, {_TIMES[kind]} AS at, m.topic,
               {_TITLES[kind]} AS title, m.partition, m."offset", m.event_id
        {rows} WHERE {_MAY.format("m")}"""


def _known_by_event(messages: Iterator[str]) -> str:
    """Name the event instead of what a group wrote about it, where there is one to be seen."""
    return f"""
        SELECT m.by, CASE WHEN e.id IS NULL THEN m.type ELSE 'event' END,
               coalesce(e.id::text, m.id), coalesce(e.accepted_at, m.at),
               coalesce(e.topic, m.topic), coalesce(e.type, m.title), e.key,
               CASE WHEN e.id IS NULL THEN m.partition END,
               CASE WHEN e.id IS NULL THEN m."offset" END
        FROM ({" UNION ALL ".join(messages)}) m
        LEFT JOIN LATERAL (SELECT * FROM events_event r
                           WHERE r.id = m.event_id AND {_MAY.format("r")} LIMIT 1) e ON true"""  # noqa: S608
