"""Whatever a person has in hand leads to the event, by index."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from events.auditing.finding import LIMIT, LONGEST, find
from tests.audit_rows import (
    a_consumption,
    a_dead_letter,
    a_publication,
    an_event,
    at,
)
from tests.integration.auditing.replay_rows import a_replay, forced

pytestmark = pytest.mark.django_db


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
        ("{letter}", "dead letter id"),
    ],
)
def test_one_name_leads_to_the_one_event(text: str, by: str) -> None:
    event = an_event("1042", subject="customer-7", ce_id="shop-4711")
    a_publication(event)
    a_consumption(event)
    letter = a_dead_letter(event)
    other = an_event("9999")
    a_publication(other, offset=129)
    a_consumption(other, offset=129, dedupe_key="notification:invoices:9999")

    match = find(text.format(id=event.pk, letter=letter.pk)).only

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


def test_a_message_nobody_published_here_is_found_by_its_dead_letter() -> None:
    letter = a_dead_letter(None, partition=2, offset=777)

    match = find("order_invoices:2:777").only

    assert match is not None
    assert (match.type, match.id) == ("dead_letter", str(letter.pk))


def test_a_message_nobody_published_here_is_found_by_its_dedupe_key() -> None:
    row = a_consumption(None, dedupe_key="thing:1")

    match = find("thing:1").only

    assert match is not None
    assert (match.type, match.id) == ("consumption", str(row.pk))


def test_a_position_names_all_that_groups_wrote_about_a_foreign_message() -> None:
    at_place = {"partition": 2, "offset": 777}
    letters = [a_dead_letter(None, group=group, **at_place) for group in ("a", "b")]
    rows = [a_consumption(None, group=group, **at_place) for group in ("b", "c")]
    a_dead_letter(None, partition=2, offset=778)
    a_consumption(None, partition=3, offset=777)

    matches = find("order_invoices:2:777").matches

    assert {(match.type, match.id) for match in matches} == {
        *(("dead_letter", str(letter.pk)) for letter in letters),
        *(("consumption", str(row.pk)) for row in rows),
    }
    assert {str(match.position) for match in matches} == {"order_invoices:2:777"}


def test_a_key_is_found_in_every_generation_and_leads_to_each_event_once() -> None:
    first, second = an_event("1"), an_event("2", accepted_at=at(5))
    replay = a_replay()
    a_consumption(first, group="gone long ago")
    a_consumption(first, group="b")
    forced(replay, second, group="b")

    matches = find("notification:invoices:1042").matches

    assert [match.id for match in matches] == [str(second.pk), str(first.pk)]


def test_a_replay_is_found_by_its_id_by_those_who_may_read_all_its_topics() -> None:
    replay = a_replay(topics=["order_invoices", "orders"], mode="force")

    match = find(str(replay.pk)).only

    assert match is not None
    assert (match.type, match.id, match.by) == ("replay", str(replay.pk), "replay id")
    assert match.title == "replay of notifications (force): done"
    assert match.topic == "order_invoices, orders"
    assert find(str(replay.pk), topics=["orders", "more", "order_invoices"]).only == match
    assert find(str(replay.pk), topics=["orders"]).matches == ()
    a_replay(id=UUID(int=1), topics=[])
    assert find(str(UUID(int=1)), topics=["orders"]).matches == ()


def test_an_event_that_is_gone_is_found_by_what_groups_wrote_about_it() -> None:
    letter = a_dead_letter(None, event_id=uuid4())
    row = a_consumption(None, event_id=uuid4(), offset=129)

    assert [match.id for match in find(str(letter.pk)).matches] == [str(letter.pk)]
    assert [match.id for match in find("order_invoices:1:129").matches] == [str(row.pk)]


@pytest.mark.parametrize(
    "text",
    [
        "{id}",
        "1042",
        "customer-7",
        "notification:invoices:1042",
        "order_invoices:1:128",
        "shop-4711",
        "{letter}",
    ],
)
def test_nothing_of_other_topics_is_found(text: str) -> None:
    event = an_event("1042", subject="customer-7", ce_id="shop-4711")
    a_publication(event)
    a_consumption(event)
    text = text.format(id=event.pk, letter=a_dead_letter(event).pk)

    assert find(text, topics=["orders"]).matches == ()
    assert find(text, topics=[]).matches == ()
    assert find(text, topics=["orders", "order_invoices"]).only is not None


def test_a_message_that_claims_to_be_an_event_of_another_topic_does_not_show_it() -> None:
    hidden = an_event(topic="salaries")
    letter = a_dead_letter(hidden)  # of order_invoices, by its position

    match = find(str(letter.pk), topics=["order_invoices"]).only

    assert match is not None
    assert (match.type, match.id) == ("dead_letter", str(letter.pk))


def test_the_own_id_of_an_event_is_found_whoever_is_its_source() -> None:
    events = [an_event(str(number), source=f"/shop/{number}", ce_id="7") for number in range(3)]

    assert {match.id for match in find("7").matches} == {str(event.pk) for event in events}


def test_everything_is_asked_in_one_query(django_assert_num_queries: Any) -> None:
    for text in (str(uuid4()), "1042", "order_invoices:1:128"):
        with django_assert_num_queries(1):
            find(text, topics=["orders"])


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
