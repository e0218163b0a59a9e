"""The list of events stays cheap however much lies there: a bounded part of one index."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.auditing.event_list import Place, Wanted, event_page
from events.auditing.lanes import EXAMINED
from events.auditing.waybill import State
from tests.audit_rows import an_event, at
from tests.integration.auditing.plans import cost

pytestmark = pytest.mark.django_db

ROWS = 100_000
# A rare topic, key, subject and type among common ones; the newest ones are not of them.
FILL = f"""
INSERT INTO events_event (id, source, ce_id, topic, key, type, subject, content_type, value,
    value_sha256, headers, traceparent, occurred_at, accepted_at, published_by, request_id,
    idempotency_key)
SELECT gen_random_uuid(), '/plans', n::text,
    CASE WHEN n % 10000 = 1 THEN 'rare' ELSE 'common_' || n % 3 END,
    CASE WHEN n % 10000 = 2 THEN 'rare' ELSE 'key ' || n % 1000 END,
    CASE WHEN n % 10000 = 3 THEN 'rare.happened' ELSE 'thing.happened' END,
    CASE WHEN n % 10000 = 4 THEN 'rare' ELSE '' END,
    'application/json', 'null', NULL, '[]', '', now(),
    '2026-03-01'::timestamptz + n * interval '1 s',
    CASE WHEN n % 10000 = 5 THEN 'rare' ELSE 'shop' END, '', ''
FROM generate_series(1, {ROWS}) n
"""  # noqa: S608 - a number of ours
PUBLISH = """
INSERT INTO events_publication (event_id, topic, partition, "offset", published_at, cause, by)
SELECT id, topic, 0, ce_id::bigint, accepted_at, 'first', '' FROM events_event WHERE ce_id <> '7'
"""
WAIT = """
INSERT INTO events_outboxentry (event_id, topic, key, bucket, cause, by, created_at, attempts,
    last_error, parked_at)
SELECT id, topic, key, 0, 'first', '', accepted_at, 0, '', now()
FROM events_event WHERE ce_id = '7'
"""
BLOCKS = 2_000  # of 8 kB; the table has 3,000, and would have more tomorrow


@pytest.fixture
def many_rows() -> None:
    with connection.cursor() as cursor:
        for statement in (FILL, PUBLISH, WAIT, "ANALYZE events_event, events_publication"):
            cursor.execute(statement)


CASES = [
    (Wanted(), 50),
    (Wanted(topics=["rare"]), 10),
    (Wanted(topics=["rare", "common_1"]), 50),
    (Wanted(topics=["common_0", "common_1", "common_2", "rare"], key="rare"), 10),
    (Wanted(key="key 500"), 50),
    (Wanted(subject="rare"), 10),
    (Wanted(topics=["rare"], type="thing.happened"), 10),
    (Wanted(type="rare.happened"), 0),
    (Wanted(topics=["common_0", "rare"], published_by="rare"), 0),
    (Wanted(state=State.PARKED), 1),
    (Wanted(state=State.ACCEPTED), 0),
    (Wanted(state=State.PUBLISHED), 50),
    (Wanted(topics=["rare"], state=State.PUBLISHED), 10),
]


@pytest.mark.usefixtures("many_rows")
def test_every_question_is_answered_by_an_index_and_from_few_pages() -> None:
    for wanted, found in CASES:
        for after in (None, Place(at(10_000_000), an_event().pk)):
            with CaptureQueriesContext(
                connection,
            ) as captured:
                page = event_page(wanted, after=after, limit=50)
            assert len(page.events) == found, wanted
            for query in captured.captured_queries:
                look_at(query["sql"], wanted)


def look_at(query: str, wanted: Wanted) -> None:
    blocks, rows = cost(query, may_scan=["events_outboxentry"])
    assert blocks < BLOCKS, (wanted, blocks, query)
    assert rows <= 2 * EXAMINED, (wanted, rows, query)
