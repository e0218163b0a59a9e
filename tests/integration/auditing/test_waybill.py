"""The waybill tells one event's whole story, in order, in few queries."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from events.auditing.actions import record_action
from events.auditing.entries import Entry
from events.auditing.handling import LIMIT
from events.auditing.waybill import State, Waybill, waybill
from events.models import Event
from tests.audit_rows import (
    a_consumption,
    a_dead_letter,
    a_publication,
    an_attempt,
    an_event,
    an_outbox_entry,
    at,
)

pytestmark = pytest.mark.django_db


def kinds(found: Waybill) -> list[str]:
    return [entry.kind.value for entry in found.timeline]


def only(found: Waybill, kind: str) -> Entry:
    [entry] = [entry for entry in found.timeline if entry.kind == kind]
    return entry


def test_an_event_that_waits_for_kafka_says_so_with_its_last_error_and_next_attempt() -> None:
    event = an_event()
    an_outbox_entry(event, attempts=3, last_error="brokers down", retry_at=at(30))

    found = waybill(event.pk)

    assert found.state == State.ACCEPTED
    assert kinds(found) == ["accepted", "waiting"]
    details = dict(only(found, "waiting").details)
    assert details["attempts"] == 3
    assert details["last error"] == "brokers down"
    assert details["next attempt"] == at(30)


def test_the_first_entry_names_the_publisher_and_the_request() -> None:
    event = an_event(idempotency_key="order-1042")

    accepted = waybill(event.pk).timeline[0]

    assert accepted.summary == "Accepted by shop"
    assert dict(accepted.details) == {
        "request": "request-7",
        "idempotency key": "order-1042",
    }


def test_a_parked_event_is_parked_even_if_it_was_published_again() -> None:
    event = an_event()
    an_outbox_entry(event, parked_at=at(1), last_error="too large")
    a_publication(event, cause="republish", after_s=60)

    found = waybill(event.pk)

    assert found.state == State.PARKED
    assert kinds(found) == ["accepted", "parked", "published"]
    assert dict(only(found, "parked").details)["last error"] == "too large"


def test_an_entry_to_publish_again_that_is_parked_leaves_the_event_published() -> None:
    event = an_event()
    a_publication(event)
    an_outbox_entry(event, cause="republish", parked_at=at(60))

    assert waybill(event.pk).state == State.PUBLISHED


def test_a_retried_success_is_told_attempt_by_attempt_and_once_as_handled() -> None:
    event = an_event()
    a_publication(event)
    an_attempt(event, number=1, after_s=0.03)
    an_attempt(event, number=2, after_s=1.0)
    an_attempt(event, number=3, after_s=3.0, result="succeeded", error="", duration_s=0.25)
    a_consumption(
        event,
        attempts=3,
        effect_began_at=at(3.1),
        effect_reference="<invoice-1042@waybill.invalid>",
        finished_at=at(3.25),
    )

    found = waybill(event.pk)

    assert kinds(found) == [
        "accepted",
        "published",
        "failed",
        "failed",
        "effect_began",
        "succeeded",
    ]
    assert found.timeline[1].summary == "Published at order_invoices:1:128"
    assert dict(only(found, "effect_began").details)["reference"].startswith("<invoice-1042@")  # type: ignore[union-attr]
    handled = dict(only(found, "succeeded").details)
    assert handled["attempts"] == 3
    assert handled["took"] == "250 ms"
    assert handled["worker"] == "app-1:41"


def test_a_dead_letter_tells_the_end_once_and_what_people_did_with_it() -> None:
    event = an_event()
    a_publication(event)
    a_consumption(event, outcome="dead_lettered", attempts=4, finished_at=at(9))
    letter = a_dead_letter(event, state="redriven", changed_at=at(90), reason="table corrected")
    record_action(
        actor="ada",
        action="redrive",
        target_type="dead_letter",
        target_id=letter.pk,
        reason="table corrected",
    )

    found = waybill(event.pk)

    assert kinds(found) == ["accepted", "published", "dead_lettered", "redriven", "action"]
    assert only(found, "action").summary == "ada: redrive"


def test_a_key_given_up_whose_letter_is_gone_still_tells_its_end() -> None:
    event = an_event()
    a_consumption(event, outcome="dead_lettered", error="no rate", finished_at=at(9))

    entry = only(waybill(event.pk), "dead_lettered")

    assert entry.summary == "Given up"
    assert dict(entry.details)["error"] == "no rate"


def test_an_unknown_outcome_counts_how_often_and_names_its_reference() -> None:
    event = an_event()
    a_consumption(
        event,
        outcome="unknown",
        unknown_count=2,
        effect_began_at=at(1),
        effect_reference="<m@w>",
        finished_at=None,
    )

    found = waybill(event.pk)

    assert kinds(found) == ["accepted", "effect_began", "unknown"]
    assert dict(only(found, "unknown").details)["times unknown"] == 2


def test_a_duplicate_names_the_event_that_did_it_first() -> None:
    first, second = an_event(), an_event(accepted_at=at(5))
    a_consumption(first)
    an_attempt(second, result="duplicate", error="", after_s=5.1, duration_s=None)

    found = waybill(second.pk)

    assert [row.event_id for row in found.originals] == [first.pk]
    assert dict(only(found, "duplicate").details)["done by event"] == str(first.pk)
    assert only(found, "duplicate").summary == "Skipped: another event already did this"


def test_a_waiting_retry_stands_at_the_time_it_is_due() -> None:
    event = an_event()
    a_consumption(event, outcome="retrying", finished_at=None, next_attempt_at=at(40))

    assert only(waybill(event.pk), "retrying").at == at(40)


def test_every_group_has_its_own_entries() -> None:
    event = an_event()
    for group in ("notifications", "search"):
        a_consumption(event, group=group, finished_at=at(1))

    groups = {entry.group for entry in waybill(event.pk).timeline if entry.kind == "succeeded"}

    assert groups == {"notifications", "search"}


def test_actions_on_the_event_and_refused_ones_are_in_the_time_line() -> None:
    event = an_event()
    record_action(
        actor="bob",
        action="republish",
        target_type="event",
        target_id=event.pk,
        allowed=False,
    )

    assert only(waybill(event.pk), "refused").summary == "bob: republish (refused)"


def test_a_waybill_takes_at_most_eight_queries_however_long_its_story(
    django_assert_max_num_queries: Any,
) -> None:
    event, other = an_event(value=b"x" * 10_000), an_event()
    for number in range(20):
        a_publication(event, offset=number)
        a_consumption(event, dedupe_key=f"key {number}")
        a_consumption(other, dedupe_key=f"other {number}")
        an_attempt(event, number=number)
        an_attempt(event, dedupe_key=f"other {number}", result="duplicate")
        a_dead_letter(event, offset=number)
        an_outbox_entry(event, cause="republish")
    with django_assert_max_num_queries(8) as captured:
        found = waybill(event.pk)
    assert len(found.originals) == 20
    assert found.value_bytes == 10_000
    assert found.is_complete
    read = " ".join(query["sql"] for query in captured.captured_queries)
    assert '"events_event"."value",' not in read, "the bytes were read though nobody asked"
    assert '"events_consumption"."effect_payload"' not in read


def test_a_story_without_end_is_cut_and_says_so() -> None:
    event = an_event()
    for number in range(LIMIT + 1):
        an_attempt(event, number=number)

    found = waybill(event.pk)

    assert len(found.attempts) == LIMIT
    assert not found.is_complete


def test_a_tombstone_has_no_size() -> None:
    assert waybill(an_event(value=None).pk).value_bytes is None


def test_an_unknown_event_does_not_exist() -> None:
    with pytest.raises(Event.DoesNotExist):
        waybill(uuid4())


def test_the_waybill_is_read_outside_a_transaction_too(transactional_db: None) -> None:
    with transaction.atomic():
        event = an_event()

    assert waybill(event.pk).state == State.ACCEPTED
