"""Lists by topic find the rows of a topic that is rare, or has been quiet for long, by index."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from events.auditing.attempt_list import attempt_places
from events.auditing.consumption_list import WantedConsumptions, newest_consumptions
from events.auditing.event_list import Wanted, event_places
from events.auditing.lanes import Places
from events.auditing.publication_list import publication_places
from events.models import Attempt, Consumption, Publication
from tests.integration.auditing.test_failure_list_plans import cheap

pytestmark = pytest.mark.django_db

ROWS = 30_000
# The first half of all rows is of a topic that nobody publishes to any more.
TOPIC = f"""CASE WHEN n <= {ROWS // 2} THEN 'quiet' WHEN n % 5000 = 1 THEN 'rare'
            ELSE 'common' END"""
NOBODY = "'00000000-0000-0000-0000-000000000000'"
FILL = (
    f"""INSERT INTO events_event (id, source, ce_id, topic, key, type, subject, content_type,
            value, headers, traceparent, occurred_at, accepted_at, published_by, request_id,
            idempotency_key)
        SELECT gen_random_uuid(), '/plans', n::text, {TOPIC}, NULL, 'thing.happened', '',
            'application/json', 'null', '[]', '', now(),
            '2026-03-01'::timestamptz + n * interval '1 s', '', '', ''
        FROM generate_series(1, {ROWS}) n""",  # noqa: S608 - ours, as below
    f"""INSERT INTO events_publication (event_id, topic, partition, "offset", published_at, cause,
            by)
        SELECT gen_random_uuid(), {TOPIC}, n % 3, n,
            now(), CASE WHEN n % 10000 = 5 THEN 'republish' ELSE 'first' END, ''
        FROM generate_series(1, {ROWS}) n""",  # noqa: S608
    f"""INSERT INTO events_consumption ("group", dedupe_key, generation, source, ce_id, topic,
            partition, "offset", handler, outcome, attempts, host, effect_reference, unknown_count,
            first_at, error)
        SELECT 'g' || n % 2, n::text, {NOBODY}, '', '', {TOPIC}, n % 3, n, 'h',
            'succeeded', 1, '', '', 0, now(), ''
        FROM generate_series(1, {ROWS}) n""",  # noqa: S608
    f"""INSERT INTO events_attempt ("group", dedupe_key, generation, source, ce_id, topic,
            partition, "offset", handler, number, host, pid, started_at, result, error)
        SELECT 'g', n::text, {NOBODY}, '', '', {TOPIC}, n % 3, n, 'h', 1, '', 1, now(), 'failed',
            ''
        FROM generate_series(1, {ROWS}) n""",  # noqa: S608
    "ANALYZE events_event, events_publication, events_consumption, events_attempt",
)
TOPICS: tuple[tuple[list[str], int], ...] = (
    *((["rare"], 3), (["quiet"], 50), (["quiet", "rare"], 50)),
    *((["common"], 50), ([], 0)),
)


@pytest.fixture
def many_rows() -> None:
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement)


@pytest.mark.usefixtures("many_rows")
def test_the_newest_rows_of_a_topic_are_found_by_index() -> None:
    for topics, found in TOPICS:
        wanted = WantedConsumptions(topics=topics, group="g1")
        questions: tuple[tuple[Callable[[], Places], QuerySet[Any]], ...] = (
            (
                partial(publication_places, topics=topics, cause=None, limit=50),
                Publication.objects.all(),
            ),
            (
                partial(newest_consumptions, wanted, limit=50),
                Consumption.objects.filter(group="g1"),
            ),
            (
                partial(attempt_places, topics=topics, group="g", result=None, limit=50),
                Attempt.objects.all(),
            ),
        )
        for read, rows in questions:
            places = cheap(read, topics)
            ids = [row_id for (row_id,) in places.found]
            newest = rows.filter(topic__in=topics).order_by("-id")
            assert ids == list(newest.values_list("id", flat=True)[:50])
            assert len(ids) == found, (rows.model, topics)
            assert (places.next is not None) is (found == 50), (rows.model, topics)


@pytest.mark.usefixtures("many_rows")
def test_quiet_topics_and_rare_causes_are_found_whatever_other_index_has_the_order() -> None:
    events_of_a_quiet_topic_are_found()
    republications_are_found_among_all()
    a_list_that_looked_no_further_says_so()


def events_of_a_quiet_topic_are_found() -> None:
    wanted = Wanted(topics=["quiet"], type="thing.happened")

    found = cheap(partial(event_places, wanted, after=None, limit=50), wanted)

    assert len(found.found) == 50
    assert found.next == found.found[-1]


def republications_are_found_among_all() -> None:
    for topics, found in ((None, 3), (["common"], 1)):
        places = cheap(
            partial(publication_places, topics=topics, cause="republish", limit=50), topics
        )
        assert len(places.found) == found
        assert places.next is None


def a_list_that_looked_no_further_says_so() -> None:
    wanted = WantedConsumptions(topics=["quiet"], group="nobody")

    places = newest_consumptions(wanted, limit=50, examined=100)

    assert places.found == []
    assert places.next is not None
