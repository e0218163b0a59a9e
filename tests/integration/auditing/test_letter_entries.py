"""The waybill tells what became of what was set aside."""

import pytest
from django.db import transaction

from events.auditing.actions import record_action
from events.auditing.entries import Entry
from events.auditing.waybill import waybill
from events.models import Event
from tests.audit_rows import a_consumption, a_dead_letter, an_event, at

pytestmark = pytest.mark.django_db


def told(event: Event) -> list[tuple[str, str]]:
    return [(each.kind.value, each.summary) for each in waybill(event.pk).timeline[1:]]


def details(event: Event, place: int) -> dict[str, object]:
    entry: Entry = waybill(event.pk).timeline[1:][place]
    return dict(entry.details)


def test_a_letter_that_waits_is_told_once() -> None:
    event = an_event()
    a_dead_letter(event)

    assert told(event) == [("dead_lettered", "Set aside as a dead letter")]


@pytest.mark.parametrize(
    ("state", "result", "end"),
    [
        ("redriving", "", ("redriving", "Handed back to its group")),
        ("redriven", "done", ("redriven", "Redriven: done")),
        ("redriven", "done already by e-2", ("redriven", "Redriven: done already by e-2")),
        ("discarded", "", ("discarded", "Discarded")),
        ("held", "", ("held", "Waits to be run first of its key")),
        (
            "open",
            "not run: no handler takes it",
            ("dead_lettered", "Handed back, and set aside again: not run: no handler takes it"),
        ),
    ],
)
def test_what_people_did_with_it_has_their_reason(
    state: str, result: str, end: tuple[str, str]
) -> None:
    event = an_event()
    a_dead_letter(event, state=state, result=result, reason="the table", changed_at=at(90))

    assert told(event) == [("dead_lettered", "Set aside as a dead letter"), end]
    assert details(event, 1)["reason"] == "the table"


def test_a_redrive_that_failed_again_leads_to_its_child_and_back() -> None:
    event = an_event()
    parent = a_dead_letter(event, state="redriven", result="failed again: …", changed_at=at(20))
    child = a_dead_letter(event, parent=parent, created_at=at(21))

    assert told(event) == [
        ("dead_lettered", "Set aside as a dead letter"),
        ("redriven", "Redriven: failed again: …"),
        ("dead_lettered", "Set aside again, after a redrive"),
    ]
    assert details(event, 1)["led to"] == str(child.pk)
    assert details(event, 2)["came from"] == str(parent.pk)


def test_an_edit_is_told_as_one() -> None:
    event = an_event()
    parent = a_dead_letter(event, state="redriven", changed_at=at(20))
    child = a_dead_letter(
        event, parent=parent, created_at=at(21), state="redriving", reason="a typo"
    )
    parent.result = f"edited: see {child.pk}"
    parent.save(update_fields=["result"])

    assert told(event)[1:] == [
        ("redriven", f"Redriven: edited: see {child.pk}"),
        ("redriving", "Edited, and handed back to its group"),
    ]
    assert details(event, 2)["reason"] == "a typo"
    assert "error" not in details(event, 2)


def test_a_held_message_is_told_until_its_turn_came() -> None:
    event, other = an_event(), an_event("other")
    held = {"exception": "", "error": "", "attempts": 0}
    a_dead_letter(event, state="held", **held)
    a_dead_letter(other, state="redriven", result="done", changed_at=at(60), offset=2, **held)

    assert told(event) == [("held", "Held behind its closed key")]
    assert told(other) == [
        ("held", "Held behind its closed key"),
        ("redriven", "Its turn came: done"),
    ]


def test_a_decision_about_an_unknown_outcome_is_told() -> None:
    event = an_event()
    row = a_consumption(event, effect_began_at=at(1), finished_at=at(60))
    letter = a_dead_letter(
        event,
        exception="events.errors.EffectUnknown",
        state="redriving",
        reason="it is in no mailbox",
        created_at=at(50),
    )
    with transaction.atomic():
        record_action(
            actor="ada",
            action="resolve",
            target_type="consumption",
            target_id=row.pk,
            reason="it is in no mailbox",
            details={"how": "resend"},
        )

    assert told(event) == [
        ("effect_began", "The external effect began"),
        ("redriving", "Handed back, to do its effect again"),
        ("succeeded", "Handled"),
        ("action", "ada: resolve"),
    ]
    assert details(event, 3)["decided"] == "resend"
    assert letter.reason == details(event, 1)["reason"]
