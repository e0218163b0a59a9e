"""manage.py republish: stored events get a new place in the outbox, chunk by chunk, audited."""

import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from events.auditing.waybill import State, waybill
from events.models import Event, OperatorAction, OutboxEntry
from events.models.identifiers import new_id
from events.operating.operator import Operator
from events.operating.republish_selection import Selection, Verdict
from events.operating.republishing import Progress, Republishing
from tests.audit_rows import a_publication, an_event, at
from tests.integration.operating.outbox_rows import a_parked_entry, an_entry

pytestmark = pytest.mark.django_db

REASON = "the topic was lost"
TOPIC = "order_invoices"
ADA = Operator(name="ada", reason=REASON)


def republish(*names: object, reason: str = REASON, **options: Any) -> str:
    out = StringIO()
    given = [str(name) for name in names]
    call_command("republish", *given, reason=reason, by="ada", stdout=out, stderr=out, **options)
    return out.getvalue()


@pytest.fixture
def history() -> list[Event]:
    """Five events that Kafka has, a second apart."""
    events = [an_event(str(number % 2), accepted_at=at(number)) for number in range(5)]
    for event in events:
        a_publication(event)
    return events


def queued() -> list[Any]:
    return list(OutboxEntry.objects.order_by("sequence").values_list("event", flat=True))


def test_an_event_gets_a_new_entry_that_says_who_and_why(history: list[Event]) -> None:
    event = history[0]
    text = republish(event.pk)
    assert "1 republished." in text
    [entry] = OutboxEntry.objects.all()
    assert (entry.event_id, entry.cause, entry.by) == (event.pk, "republish", "ada")
    assert (entry.topic, entry.key) == (event.topic, event.key)
    told = waybill(event.pk)
    assert told.state is State.PUBLISHED
    assert [(each.actor, each.action, each.reason) for each in told.actions] == [
        ("ada", "republish", REASON)
    ]
    assert "Waits in the outbox, to be published again" in {each.summary for each in told.timeline}


def test_a_topic_goes_in_the_order_of_acceptance_from_one_time_to_another(
    history: list[Event],
) -> None:
    republish(topic=TOPIC, start=at(1), end=at(4))
    assert queued() == [event.pk for event in history[1:4]]
    [action] = OperatorAction.objects.all()
    assert (action.target_type, action.target_id) == ("topic", TOPIC)
    assert action.details == {
        "accepted_from": at(1).isoformat(),
        "accepted_before": at(4).isoformat(),
        "events": 3,
        "first_event": str(history[1].pk),
        "last_event": str(history[3].pk),
    }


def test_without_an_end_it_ends_with_what_was_accepted_before_it_began(
    history: list[Event],
) -> None:
    run = Republishing(Selection(topic=TOPIC), rate=2)
    run.run_once(by=ADA)
    late = an_event(accepted_at=OutboxEntry.objects.earliest("sequence").created_at)
    OutboxEntry.objects.filter(event=late).delete()
    run.run(threading.Event(), by=ADA)
    assert queued() == [event.pk for event in history]


def test_it_goes_chunk_by_chunk_and_can_be_stopped_between_them(history: list[Event]) -> None:
    stop = threading.Event()
    told: list[int] = []

    def tell(progress: Progress) -> None:
        told.append(progress.republished)
        if len(told) == 2:
            stop.set()

    run = Republishing(Selection(topic=TOPIC), rate=2)
    assert run.run(stop, by=ADA, tell=tell).seen == 4
    assert told == [2, 4]
    assert queued() == [event.pk for event in history[:4]]
    assert [
        action.details["events"] for action in OperatorAction.objects.order_by("at", "id")
    ] == [
        2,
        2,
    ]


def test_a_second_run_leaves_out_what_still_waits(history: list[Event]) -> None:
    republish(history[0].pk)
    text = republish(topic=TOPIC)
    assert "4 republished." in text
    assert "1 left out: still waits in the outbox, it will be written anyway." in text
    assert len(queued()) == len(history)


def test_a_parked_event_is_for_unpark() -> None:
    entry = a_parked_entry()
    with pytest.raises(CommandError, match="1 left"):
        republish(entry.event_id)
    assert OutboxEntry.objects.count() == 1
    assert not OperatorAction.objects.exists()


def test_the_reasons_why_events_are_left_out() -> None:
    erased = an_event(value=None, value_sha256=b"x" * 32)
    gone = an_event(topic="gone")
    tombstone = an_event(value=None)
    waiting = an_entry()
    unknown = new_id()
    chosen = [erased.pk, gone.pk, tombstone.pk, waiting.event_id, unknown]
    progress = Republishing(Selection(event_ids=chosen)).run(threading.Event(), by=ADA)
    assert set(progress.left) == {
        f"{erased.pk}: {Verdict.ERASED.value}",
        f"{gone.pk}: {Verdict.UNDECLARED.value}",
        f"{waiting.event_id}: {Verdict.WAITING.value}",
        f"{unknown}: there is no such event",
    }
    assert progress.republished == 1
    assert queued() == [waiting.event_id, tombstone.pk]


def test_a_dry_run_counts_and_changes_nothing(history: list[Event]) -> None:
    an_entry(history[0])
    text = republish(topic=TOPIC, dry_run=True, reason="")
    assert "4 would be republished." in text
    assert "1 left out" in text
    assert queued() == [history[0].pk]
    assert not OperatorAction.objects.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give event ids, or --topic"),
        (["--topic", "unheard_of"], "no topic 'unheard_of' is declared"),
        (["--topic", TOPIC, "--rate", "0"], "rate must be greater than 0"),
        (["--topic", TOPIC, "--rate", "nan"], "rate must be greater than 0"),
        (["--topic", TOPIC, "--from", "yesterday"], "'yesterday' is no time"),
        (["--topic", TOPIC, "--from", "2026-02-31"], "'2026-02-31' is no time"),
        (["not-an-id"], "invalid UUID value"),
        (["01890000-0000-7000-8000-000000000000", "--to", "2026-01-01"], "go with --topic"),
        (["--topic", TOPIC, "--reason", " "], "say why"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("republish", *words)
