"""Whatever a person has in hand leads to the event, by index."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.auditing.finding import LIMIT, LONGEST, find
from tests.audit_rows import (
    a_consumption,
    a_dead_letter,
    a_heartbeat,
    a_publication,
    an_event,
    at,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def known_group() -> None:
    """The group has a process: dedupe keys are found for groups that subscribe or run."""
    a_heartbeat(beat_at=at(0))


@pytest.mark.usefixtures("known_group")
@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("{id}", "event id"),
        ("  {id}\n", "event id"),
        ("1042", "key"),
        ("customer-7", "subject"),
        ("notification:invoices:1042", "dedupe key"),
        ("order_invoices:1:128", "position"),
        ("shop-4711", "CloudEvents id"),
    ],
)
def test_one_name_leads_to_the_one_event(text: str, by: str) -> None:
    event = an_event("1042", subject="customer-7", ce_id="shop-4711")
    a_publication(event)
    a_consumption(event)
    other = an_event("9999")
    a_publication(other, offset=129)
    a_consumption(other, dedupe_key="notification:invoices:9999")

    match = find(text.format(id=event.pk)).only

    assert match is not None
    assert (match.type, match.id, match.by) == ("event", str(event.pk), by)
    assert match.title == "invoice.requested"


def test_an_event_found_in_two_ways_is_one_match() -> None:
    event = an_event("1042", subject="1042")

    assert [match.id for match in find("1042").matches] == [str(event.pk)]


def test_several_events_of_a_key_come_newest_first() -> None:
    events = [an_event("1042", accepted_at=at(second)) for second in (1, 3, 2)]

    found = find("1042")

    assert found.only is None
    assert [match.id for match in found.matches] == [str(events[place].pk) for place in (1, 2, 0)]


def test_more_than_fit_are_cut_at_the_newest_and_it_says_so() -> None:
    for second in range(LIMIT + 1):
        an_event("1042", accepted_at=at(second))

    found = find("1042")

    assert len(found.matches) == LIMIT
    assert found.is_cut
    assert found.matches[-1].at == at(1)


@pytest.mark.usefixtures("known_group")
def test_a_message_nobody_published_here_is_found_by_its_dead_letter() -> None:
    letter = a_dead_letter(None, partition=2, offset=777)

    match = find("order_invoices:2:777").only

    assert match is not None
    assert (match.type, match.id) == ("dead_letter", str(letter.pk))


@pytest.mark.usefixtures("known_group")
def test_a_message_nobody_published_here_is_found_by_its_dedupe_key() -> None:
    row = a_consumption(None, dedupe_key="thing:1")

    match = find("thing:1").only

    assert match is not None
    assert (match.type, match.id) == ("consumption", str(row.pk))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "nothing",
        "a\x00b",
        "\ud800",
        "x" * (LONGEST + 1),
        "order_invoices:99999999999:1",
        "order_invoices:1:99999999999999999999",
        "order_invoices:-1:5",
        "%",
        "'; DROP TABLE events_event; --",
    ],
)
def test_what_names_nothing_finds_nothing_and_harms_nothing(text: str) -> None:
    an_event("1042")

    assert find(text).matches == ()


def test_an_unknown_id_finds_nothing() -> None:
    assert find(str(uuid4())).matches == ()


@pytest.mark.usefixtures("known_group")
def test_every_question_is_answered_by_an_index() -> None:
    an_event("1042", subject="1042")
    with CaptureQueriesContext(connection) as asked:
        for text in (str(uuid4()), "1042", "order_invoices:1:128"):
            find(text)
    questions = [query["sql"] for query in asked if "events_heartbeat" not in query["sql"]]
    assert len(questions) >= 12

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for question in questions:
            # Without the order: on a table this small any index that has it looks as cheap.
            cursor.execute(f"EXPLAIN {question.partition(' ORDER BY ')[0]}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Index Cond" in plan, question
            assert "Seq Scan" not in plan, question
