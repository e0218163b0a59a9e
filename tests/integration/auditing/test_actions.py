"""No row, no action; and a refusal stays whatever happens next."""

import pytest
from django.db import DatabaseError, transaction
from django.db.transaction import TransactionManagementError

from events.auditing.actions import record_action, record_actions, refuse
from events.errors import ActionRefused
from events.models import OperatorAction


def redrive(**changes: object) -> OperatorAction:
    given: dict[str, object] = {
        "actor": "ada",
        "action": "redrive",
        "target_type": "dead_letter",
        "target_id": "17",
        "reason": "the tax table was corrected",
    }
    return record_action(**(given | changes))  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_an_allowed_action_outside_a_transaction_is_refused_and_leaves_no_row() -> None:
    with pytest.raises(TransactionManagementError, match=r"transaction\.atomic"):
        redrive()

    assert not OperatorAction.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_action_that_is_rolled_back_leaves_no_row() -> None:
    with transaction.atomic():
        redrive()
        transaction.set_rollback(True)

    assert not OperatorAction.objects.exists()


@pytest.mark.django_db
def test_an_action_tells_who_did_what_why_and_from_where() -> None:
    row = redrive(details={"letters": 3}, origin="10.0.4.7", request_id="r-1")

    stored = OperatorAction.objects.on("dead_letter", 17).get()
    assert stored.at == row.at
    assert (stored.actor, stored.action, stored.reason) == (
        "ada",
        "redrive",
        "the tax table was corrected",
    )
    assert (stored.details, stored.origin, stored.request_id) == (
        {"letters": 3},
        "10.0.4.7",
        "r-1",
    )
    assert stored.allowed


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_change_needs_a_reason(reason: str) -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        redrive(reason=reason)
    with pytest.raises(ValueError, match="needs a reason"):
        reveal_all(reason=reason)


def reveal_all(**changes: object) -> None:
    given: dict[str, object] = {
        "actor": "ada",
        "action": "reveal",
        "target_type": "event",
        "target_ids": [1, "x\x00"],
        "reason": "a customer calls",
    }
    record_actions(**(given | changes))  # type: ignore[arg-type]


@pytest.mark.django_db
def test_the_same_of_many_things_is_a_row_each() -> None:
    reveal_all(origin="10.0.4.7", request_id="r-1")
    reveal_all(target_ids=[])

    rows = OperatorAction.objects.order_by("target_id")
    assert [row.target_id for row in rows] == ["1", "x\ufffd"]
    assert {(row.actor, row.action, row.reason, row.origin, row.request_id) for row in rows} == {
        ("ada", "reveal", "a customer calls", "10.0.4.7", "r-1")
    }
    assert all(row.allowed for row in rows)


@pytest.mark.django_db(transaction=True)
def test_many_actions_outside_a_transaction_are_refused_and_leave_no_row() -> None:
    with pytest.raises(TransactionManagementError, match=r"transaction\.atomic"):
        reveal_all()

    assert not OperatorAction.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_stored_and_raised() -> None:
    with pytest.raises(ActionRefused, match="may not redrive"):
        refuse(
            "bob may not redrive",
            actor="bob",
            action="redrive",
            target_type="dead_letter",
            target_id=17,
        )

    row = OperatorAction.objects.get()
    assert not row.allowed
    assert row.details == {"refused": "bob may not redrive"}


@pytest.mark.django_db(transaction=True)
def test_a_refusal_inside_a_transaction_is_an_error_as_it_would_be_rolled_back() -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        refuse("no", actor="bob", action="redrive", target_type="dead_letter", target_id=17)


@pytest.mark.django_db
def test_what_an_attacker_sends_cannot_keep_the_row_from_being_written() -> None:
    row = redrive(
        allowed=False,
        target_id="x\x00\ud800" + "y" * 5_000,
        reason="because\x00",
        origin="z" * 1_000,
        request_id="q" * 1_000,
    )

    row.refresh_from_db()
    assert row.target_id.startswith("x\ufffd?y")
    assert len(row.target_id) == 1_024
    assert len(row.origin) == len(row.request_id) == 255


@pytest.mark.django_db
def test_what_was_recorded_cannot_be_changed() -> None:
    row = redrive()
    row.actor = "mallory"

    with pytest.raises(DatabaseError, match="Cannot update or delete"):
        row.save()


@pytest.mark.django_db
def test_details_that_postgresql_cannot_hold_are_stored_as_far_as_it_can() -> None:
    with transaction.atomic():
        row = record_action(
            actor="ada",
            action="pause",
            target_type="consumer_group",
            target_id="invoices",
            reason="why",
            details={"key": "a\x00b\ud800", "of": ["\x00", {"\x00": 1, "n": None}]},
        )

    row.refresh_from_db()
    assert row.details == {"key": "a\ufffdb?", "of": ["\ufffd", {"\ufffd": 1, "n": None}]}
