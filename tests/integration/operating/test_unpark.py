"""manage.py unpark: parked entries go back to the relay, and the audit says who did it."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from events.auditing.waybill import State, waybill
from events.models import OperatorAction, OutboxEntry
from events.models.identifiers import new_id
from events.operating.operator import Operator
from events.operating.unparking import Unparking
from events.publishing.wakeup import CHANNEL
from tests.audit_rows import an_event
from tests.integration.operating.outbox_rows import a_parked_entry, an_entry

pytestmark = pytest.mark.django_db

REASON = "the topic takes 20 MB now"


def unpark(*names: object, reason: str = REASON, **options: Any) -> str:
    out = StringIO()
    given = [str(name) for name in names]
    call_command("unpark", *given, reason=reason, by="ada", stdout=out, stderr=out, **options)
    return out.getvalue()


def test_an_entry_is_due_and_has_no_attempts_behind_it() -> None:
    entry = a_parked_entry()
    text = unpark(entry.sequence)
    entry.refresh_from_db()
    assert (entry.parked_at, entry.attempts, entry.last_error) == (None, 0, "")
    assert entry.retry_at is not None
    assert entry.retry_at <= timezone.now()
    assert (
        f"#{entry.sequence} event {entry.event_id} to order_invoices, key '1042': too large"
        in text
    )
    assert "1 unparked." in text


def test_who_and_why_stand_in_the_waybill_and_the_event_is_no_longer_parked() -> None:
    entry = a_parked_entry()
    assert waybill(entry.event_id).state is State.PARKED
    unpark(entry.event_id)
    after = waybill(entry.event_id)
    assert after.state is State.ACCEPTED
    [action] = after.actions
    assert (action.actor, action.action, action.reason) == ("ada", "unpark", REASON)
    assert action.details == {"sequence": entry.sequence, "error": "too large"}


def test_a_topic_is_one_action() -> None:
    here = [a_parked_entry(last_error=error) for error in ("too large", "invalid")]
    unpark(topic="order_invoices")
    assert not OutboxEntry.objects.parked().exists()
    [action] = OperatorAction.objects.all()
    assert (action.target_type, action.target_id) == ("outbox", "order_invoices")
    assert action.details == {
        "entries": 2,
        "first_sequence": here[0].sequence,
        "last_sequence": here[1].sequence,
        "errors": ["invalid", "too large"],
    }


def test_a_topic_that_nobody_declares_any_more_stays_parked_and_is_told() -> None:
    gone = a_parked_entry(an_event(topic="gone"))
    kept = a_parked_entry()
    out = StringIO()
    with pytest.raises(CommandError, match="1 left"):
        call_command("unpark", all=True, reason=REASON, stdout=out, stderr=out)
    assert list(OutboxEntry.objects.parked()) == [gone]
    assert f"left: #{gone.sequence} to gone: the topic is no longer declared" in out.getvalue()
    kept.refresh_from_db()
    assert kept.parked_at is None


def test_what_is_not_parked_is_named() -> None:
    waiting, nobody = an_entry(), new_id()
    done = Unparking(sequences=[waiting.sequence], event_ids=[nobody]).carry_out(
        by=Operator(name="ada", reason=REASON)
    )
    assert done.entries == ()
    assert done.left == (
        f"{waiting.sequence}: nothing parked is called so",
        f"{nobody}: nothing parked is called so",
    )
    assert not OperatorAction.objects.exists()


def test_a_dry_run_changes_nothing_and_needs_no_reason() -> None:
    entry = a_parked_entry()
    text = unpark(entry.sequence, reason="", dry_run=True)
    assert "1 would be unparked." in text
    entry.refresh_from_db()
    assert entry.parked_at is not None
    assert not OperatorAction.objects.exists()


@pytest.mark.parametrize(
    ("names", "options", "told"),
    [
        ((), {}, "give outbox sequences"),
        (("1",), {"all": True}, "give outbox sequences"),
        (("x",), {}, "no outbox sequence and no event id"),
        (("1",), {"reason": "  "}, "say why"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    names: tuple[str, ...], options: dict[str, Any], told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        unpark(*names, **options)


@pytest.mark.django_db(transaction=True)
def test_a_relay_hears_of_it_at_the_commit() -> None:
    a_parked_entry()
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")
    unpark(all=True)
    assert [note.channel for note in connection.connection.notifies(timeout=5, stop_after=1)] == [
        CHANNEL
    ]
