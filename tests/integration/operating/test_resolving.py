"""manage.py resolve: a person knows what became of an effect, or has it done once more."""

from typing import Any

import pytest
from django.core.management import CommandError

from events.consuming.kept_message import packed
from events.errors import ResolveRefused
from events.kafka.record import Record
from events.models import Consumption, DeadLetter, OperatorAction
from events.operating.operator import Operator
from events.operating.resolving import Resolving
from tests.audit_rows import a_consumption
from tests.integration.operating.conftest import Command
from tests.integration.operating.failed_rows import SEEN, TYPE, a_letter, headers

pytestmark = pytest.mark.django_db

ADA = Operator(name="ada", reason="asked the customer")


def an_unknown_row(group: str, **fields: Any) -> Consumption:
    at_ms = int(SEEN.timestamp() * 1000)
    record = Record(group, 0, 7, b"k", b'{"n": 7}', (("ce_type", TYPE.encode()),), at_ms)
    row = {
        "group": group,
        "topic": group,
        "partition": 0,
        "offset": 7,
        "dedupe_key": "thing:7",
        "outcome": "unknown",
        "attempts": 2,
        "finished_at": None,
        "effect_began_at": SEEN,
        "effect_reference": "<7@shop>",
        "effect_payload": b"the mail",
        "message": packed(record),
        "error": "the process ended",
        **fields,
    }
    return a_consumption(None, **row)


def test_done_is_succeeded_and_nothing_is_kept(group: str, command: Command) -> None:
    row = an_unknown_row(group)
    said = command("resolve", row.pk, "--as", "done")
    row.refresh_from_db()
    assert (row.outcome, row.message, row.effect_payload) == ("succeeded", None, None)
    assert (row.finished_at is not None, row.error, row.effect_reference) == (
        True,
        "",
        "<7@shop>",
    )
    assert not DeadLetter.objects.exists()
    assert "Reference: <7@shop>. Kept for a resend: 8 bytes." in said
    assert "It is marked as succeeded." in said
    action = OperatorAction.objects.get()
    assert (action.action, action.target_type, action.target_id) == (
        "resolve",
        "consumption",
        str(row.pk),
    )
    assert action.details == {
        "how": "done",
        "group": group,
        "dedupe_key": "thing:7",
        "reference": "<7@shop>",
    }


def test_a_resend_is_a_redriven_letter_with_the_kept_message(group: str, command: Command) -> None:
    row = an_unknown_row(group)
    said = command("resolve", row.pk, "--as", "resend")
    row.refresh_from_db()
    assert (row.outcome, row.message) == ("retrying", None)
    assert bytes(row.effect_payload or b"") == b"the mail"
    assert row.effect_reference == "<7@shop>"
    assert row.redriven_at is not None
    assert row.next_attempt_at == row.redriven_at
    letter = DeadLetter.objects.get()
    assert (letter.state, letter.exception) == ("redriving", "events.errors.EffectUnknown")
    assert (letter.group, letter.topic, letter.partition, letter.offset) == (group, group, 0, 7)
    assert (bytes(letter.key or b""), bytes(letter.value or b"")) == (b"k", b'{"n": 7}')
    assert (letter.headers, letter.recorded_at) == (headers(), SEEN)
    assert (letter.dedupe_key, letter.handler, letter.type) == ("thing:7", row.handler, TYPE)
    assert (letter.source, letter.ce_id, letter.reason) == (row.source, row.ce_id, "mended")
    assert OperatorAction.objects.get().details["dead_letter"] == str(letter.pk)
    assert "handed back to its group, to be done once more." in said
    assert f"No consumer of {group} is running" in said


def test_a_second_resend_of_the_same_message_follows_the_first(group: str) -> None:
    first = a_letter(group, 7, state="redriven")
    Resolving(an_unknown_row(group).pk, how="resend").carry_out(by=ADA)
    assert DeadLetter.objects.get(state="redriving").parent_id == first.pk


@pytest.mark.parametrize("outcome", ["succeeded", "started", "retrying", "dead_lettered"])
@pytest.mark.parametrize("how", ["done", "resend"])
def test_only_what_is_unknown_is_resolved(group: str, outcome: str, how: Any) -> None:
    row = an_unknown_row(group, outcome=outcome)
    for act in (Resolving(row.pk, how=how).preview, lambda: carry_out(row.pk, how)):
        with pytest.raises(ResolveRefused, match=f"not unknown: it is {outcome}"):
            act()
    row.refresh_from_db()
    assert row.outcome == outcome
    assert not OperatorAction.objects.exists()


def carry_out(row_id: int, how: Any) -> None:
    Resolving(row_id, how=how).carry_out(by=ADA)


def test_what_cannot_be_sent_again_can_still_be_called_done(group: str) -> None:
    without = an_unknown_row(group, message=None)
    with pytest.raises(ResolveRefused, match="was not kept"):
        carry_out(without.pk, "resend")
    gone = an_unknown_row(group, topic="gone", dedupe_key="thing:8")
    with pytest.raises(ResolveRefused, match="no longer subscribes to gone"):
        carry_out(gone.pk, "resend")
    for row in (without, gone):
        carry_out(row.pk, "done")
    assert Consumption.objects.filter(outcome="succeeded").count() == 2


def test_a_dry_run_says_what_and_changes_nothing(group: str, command: Command) -> None:
    row = an_unknown_row(group)
    said = command("resolve", row.pk, "--as", "resend", dry_run=True, reason="")
    assert "It would be handed back to its group" in said
    assert f"{group}, dedupe key thing:7, at {group}:0:7" in said
    row.refresh_from_db()
    assert row.outcome == "unknown"
    assert not DeadLetter.objects.exists()
    with pytest.raises(CommandError, match="there is no consumption 0"):
        command("resolve", 0, "--as", "done")
    with pytest.raises(ValueError, match="neither"):
        Resolving(row.pk, how="perhaps")  # type: ignore[arg-type]
