"""The lists of consumptions and dead letters stay cheap however much lies there."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.auditing import dead_letter_list
from events.auditing.consumption_list import WantedConsumptions, consumption_page
from events.auditing.dead_letter_list import WantedLetters, letter_page, letter_summary
from events.auditing.lanes import EXAMINED
from events.models import Consumption, DeadLetter
from tests.audit_rows import at
from tests.integration.auditing.plans import cost

pytestmark = pytest.mark.django_db

ROWS = 100_000
LEDGER = f"""
INSERT INTO events_consumption ("group", dedupe_key, generation, event_id, source, ce_id, topic,
    partition, "offset", handler, outcome, attempts, host, effect_reference, unknown_count,
    first_at, error)
SELECT CASE WHEN n % 10000 = 1 THEN 'rare' ELSE 'group ' || n % 3 END,
    'key ' || n / 2, '00000000-0000-0000-0000-000000000000',
    ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, '/plans', n::text,
    CASE WHEN n % 10000 = 2 THEN 'rare' ELSE 'common' END, 0, n, 'h',
    CASE WHEN n % 1000 = 3 THEN 'dead_lettered' WHEN n = 4 THEN 'unknown' ELSE 'succeeded' END,
    1, '', '', 0, '2026-03-01 12:00Z'::timestamptz + n * interval '1 s', ''
FROM generate_series(1, {ROWS}) n
"""  # noqa: S608 - a number of ours
LETTERS = f"""
INSERT INTO events_deadletter (id, "group", topic, partition, "offset", headers, source, ce_id,
    type, dedupe_key, handler, generation, attempts, exception, error, traceback, state,
    created_at, changed_at, reason, result)
SELECT gen_random_uuid(), CASE WHEN n % 10000 = 1 THEN 'rare' ELSE 'group ' || n % 3 END,
    CASE WHEN n % 10000 = 2 THEN 'rare' ELSE 'common' END, 0, n, '[]', '', '', 'thing.happened',
    '', 'h', '00000000-0000-0000-0000-000000000000', 1,
    CASE WHEN n % 10000 = 3 THEN 'Rare' ELSE 'Boom' END, '', '',
    CASE WHEN n % 5000 = 4 THEN 'open' WHEN n % 3 = 0 THEN 'discarded' ELSE 'redriven' END,
    '2026-03-01 12:00Z'::timestamptz + n * interval '1 s', now(), '', ''
FROM generate_series(1, {ROWS}) n
"""  # noqa: S608 - a number of ours
QUERIES = 4
HALVING = QUERIES + 2 * 22  # a time is found among the ids by halving
BLOCKS = 2_500  # of 8 kB; each of the tables has about as many, and would have more tomorrow


@pytest.fixture
def many_rows() -> None:
    with connection.cursor() as cursor:
        for statement in (LEDGER, LETTERS, "ANALYZE events_consumption, events_deadletter"):
            cursor.execute(statement)


UNKNOWN = Consumption.Outcome.UNKNOWN
BURIED = Consumption.Outcome.DEAD_LETTERED
CONSUMPTIONS = [
    (WantedConsumptions(), 50),
    (WantedConsumptions(topics=["rare"]), 0),
    (WantedConsumptions(group="rare"), 0),
    (WantedConsumptions(group="group 1"), 50),
    (WantedConsumptions(group="group 1", dedupe_key="key 1001"), 1),
    (WantedConsumptions(dedupe_key="key 1001"), 2),
    (WantedConsumptions(event=UUID(int=0x77)), 1),
    (WantedConsumptions(outcome=UNKNOWN), 1),
    (WantedConsumptions(outcome=UNKNOWN, topics=["common"]), 1),
    (WantedConsumptions(outcome=BURIED, group="group 2"), 33),
    (WantedConsumptions(first_from=at(20_000), first_before=at(20_010)), 10),
    (WantedConsumptions(group="group 1", first_before=at(50_000)), 50),
]
OPEN = DeadLetter.State.OPEN
DEAD_LETTERS = [
    (WantedLetters(), 50),
    (WantedLetters(topics=["rare"]), 10),
    (WantedLetters(group="rare"), 10),
    (WantedLetters(group="group 1"), 50),
    (WantedLetters(state=OPEN), 20),
    (WantedLetters(state=OPEN, group="group 1"), 7),
    (WantedLetters(exception="Rare"), 10),
    (WantedLetters(created_from=at(20_000), created_before=at(20_010)), 10),
]


@pytest.mark.usefixtures("many_rows")
def test_every_page_is_read_by_an_index_and_from_few_pages_of_the_table() -> None:
    for asked, found in CONSUMPTIONS:
        for after in (None, (2**62,)):
            page = cheap(partial(consumption_page, asked, after=after, limit=50), asked)
            assert len(page.rows) == found, asked
    for wanted, found in DEAD_LETTERS:
        for place in (None, (at(10_000_000), UUID(int=0))):
            page = cheap(partial(letter_page, wanted, after=place, limit=50), wanted)
            assert len(page.letters) == found, wanted


@pytest.mark.usefixtures("many_rows")
def test_a_summary_looks_at_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letter_list, "COUNTED", 10)

    summary = cheap(letter_summary, "summary")

    assert (sum(kind.count for kind in summary.kinds), summary.is_exact) == (10, False)


@pytest.mark.usefixtures("many_rows")
def test_empty_pages_lead_to_what_is_rare() -> None:
    rows: list[Any] = []
    pages, after = 0, None
    while pages == 0 or after is not None:
        page = consumption_page(WantedConsumptions(group="rare"), after=after, limit=50)
        rows += page.rows
        pages, after = pages + 1, page.next

    assert len(rows) == 10
    assert pages == ROWS // EXAMINED + 1


@pytest.mark.usefixtures("many_rows")
def test_what_is_rare_in_several_lanes_comes_once_and_in_order() -> None:
    wanted = WantedLetters(exception="Rare")
    found: list[UUID] = []
    pages, after = 0, None
    while pages == 0 or after is not None:
        page = letter_page(wanted, after=after, limit=50)
        found += [letter.pk for letter in page.letters]
        pages, after = pages + 1, page.next

    rows = DeadLetter.objects.filter(exception="Rare").order_by("-created_at", "-pk")
    assert found == list(rows.values_list("pk", flat=True))
    assert len(found) == 10


def cheap(read: Callable[[], Any], wanted: object) -> Any:
    with CaptureQueriesContext(connection) as captured:
        answer = read()
    assert len(captured) <= (HALVING if "datetime" in str(wanted) else QUERIES), wanted
    for query in captured.captured_queries:
        look_at(query["sql"], wanted)
    return answer


def look_at(query: str, wanted: object) -> None:
    blocks, rows = cost(query)
    assert blocks < BLOCKS, (wanted, blocks, query)
    assert rows <= 2 * EXAMINED, (wanted, rows, query)
