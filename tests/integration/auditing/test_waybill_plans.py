"""Finding an event and telling its waybill stay cheap, however much lies there."""

from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.auditing.tracing import trace
from tests.integration.auditing.plans import cost

pytestmark = pytest.mark.django_db

ROWS = 6_000
LIVE = "00000000-0000-0000-0000-000000000000"
_ID = "('00000000-0000-0000-0000-' || lpad({}::text, 12, '0'))::uuid"
_N = f"FROM generate_series(1, {ROWS}) n"
_AT = "'2026-03-01 12:00Z'::timestamptz + n * interval '1 s'"
# Every event has two groups, every third one attempts and letters, every 100th message is foreign.
FILL = (
    f"""
INSERT INTO events_event (id, source, ce_id, topic, key, type, subject, content_type, value,
    headers, traceparent, occurred_at, accepted_at, published_by, request_id, idempotency_key)
SELECT {_ID.format("n")}, '/source ' || n % 5, 'ce ' || n, 'topic_' || n % 3, 'key ' || n / 2,
    'thing.happened', 'subject ' || n / 2, 'application/json', 'null', '[]', '', {_AT}, {_AT},
    'shop', '', '' {_N} WHERE n % 100 > 0""",
    f"""
INSERT INTO events_publication (event_id, topic, partition, "offset", published_at, cause, by)
SELECT {_ID.format("n")}, 'topic_' || n % 3, n % 12, n, {_AT}, 'first', ''
    {_N} WHERE n % 100 > 0""",
    f"""
INSERT INTO events_consumption ("group", dedupe_key, generation, event_id, source, ce_id, topic,
    partition, "offset", handler, outcome, attempts, host, effect_reference, unknown_count,
    first_at, error)
SELECT 'group ' || g, 'done ' || n, '{LIVE}', CASE WHEN n % 100 > 0 THEN {_ID.format("n")} END,
    '/plans', n::text, 'topic_' || n % 3, n % 12, n, 'h', 'succeeded', 1, '', '', 0, {_AT}, ''
    {_N}, generate_series(1, 2) g""",
    f"""
INSERT INTO events_attempt ("group", dedupe_key, generation, event_id, source, ce_id, topic,
    partition, "offset", handler, number, host, pid, started_at, result, error)
SELECT 'group 1', 'done ' || n - n % 3, '{LIVE}', {_ID.format("n")}, '/plans', n::text,
    'topic_' || n % 3, n % 12, n, 'h', a, 'app-1', 1, {_AT},
    CASE WHEN n % 3 = 1 THEN 'duplicate' ELSE 'failed' END, '' {_N}, generate_series(1, 2) a
    WHERE n % 3 < 2""",
    f"""
INSERT INTO events_deadletter (id, "group", topic, partition, "offset", headers, event_id, source,
    ce_id, type, dedupe_key, handler, generation, attempts, exception, error, traceback, state,
    created_at, changed_at, reason, result)
SELECT {_ID.format("n")}, 'group ' || n % 2, 'topic_' || n % 3, n % 12, n, '[]',
    CASE WHEN n % 100 > 0 THEN {_ID.format("n")} END, '', '', 'thing.happened', 'done ' || n, 'h',
    '{LIVE}', 1, 'Boom', '', '', 'redriven', {_AT}, {_AT}, '', '' {_N} WHERE n % 3 < 2""",
    f"""
INSERT INTO events_operatoraction (id, actor, action, target_type, target_id, reason, details,
    allowed, origin, request_id, at)
SELECT {_ID.format("n")}, 'ada', CASE WHEN n % 2 = 0 THEN 'reveal' ELSE 'republish' END, 'event',
    {_ID.format("n")}::text, 'r', '{{}}', true, '', '', {_AT} {_N}""",
    f"""
INSERT INTO events_outboxentry (event_id, topic, key, bucket, cause, by, created_at, attempts,
    last_error)
SELECT {_ID.format("n")}, 'topic_' || n % 3, 'key ' || n / 2, 0, 'first', '', {_AT}, 0, ''
    {_N} WHERE n % 3 = 0""",
)
TABLES = """
    events_event, events_publication, events_consumption, events_attempt, events_deadletter,
    events_operatoraction, events_outboxentry"""
BLOCKS = 200  # of 8 kB, for all of them
LOOKED_AT = 50  # rows, by one step; the smallest table has 2,000, and more tomorrow
QUERIES = 8
EVENT = UUID(int=int("0x3001", 16))  # its digits are 3001: skipped for the key of another


@pytest.fixture
def many_rows(database_url: str) -> None:
    # What other tests rolled back lies in the tables and their indexes still.
    with psycopg.connect(database_url, autocommit=True) as beside:
        beside.execute(f"VACUUM (INDEX_CLEANUP ON) {TABLES}")
    with connection.cursor() as cursor:
        for statement in (*FILL, f"ANALYZE {TABLES}"):
            cursor.execute(statement)


@pytest.mark.usefixtures("many_rows")
def test_from_any_name_to_the_waybill_in_eight_queries_each_by_an_index() -> None:
    names = {
        str(EVENT): QUERIES,  # its letter has the same id
        "ce 3001": QUERIES,
        "done 3001": QUERIES,
        "topic_1:1:3001": QUERIES,
        "topic_0:0:3000": 5,  # not published here
        "done 3000": 6,
        "key 1501": 1,  # two events
        "subject 1501": 1,
        "nothing": 1,
    }
    for topics in (None, [f"topic_{number}" for number in range(3)]):
        for name, queries in names.items():
            with CaptureQueriesContext(connection) as asked:
                traced = trace(name, topics=topics)
            assert len(asked) == queries, name
            assert (traced.waybill is not None) == (queries == QUERIES), name
            assert (traced.message is not None) == (queries in {5, 6}), name
            look_at(asked, name)


def look_at(asked: CaptureQueriesContext, name: str) -> None:
    costs = [cost(query["sql"], may_scan=["events_replay"]) for query in asked.captured_queries]
    assert sum(each.blocks for each in costs) < BLOCKS, (name, costs)
    assert max(each.rows for each in costs) < LOOKED_AT, (name, costs)
