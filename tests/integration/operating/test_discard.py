"""manage.py discard: a person says no, and a later seek does not run it after all."""

import pytest
from django.core.management import CommandError
from django.utils import timezone

from events.models import Consumption, DeadLetter, OperatorAction
from tests.integration.operating.conftest import Command
from tests.integration.operating.failed_rows import (
    a_closed_key,
    a_held_letter,
    a_ledger_row,
    a_letter,
)

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    return list(DeadLetter.objects.order_by("offset").values_list("state", flat=True))


def test_a_named_letter_is_discarded_with_the_reason(group: str, command: Command) -> None:
    letter = a_letter(group)
    a_letter(group, 1)
    assert "1 letter discarded." in command("discard", letter.pk)
    letter.refresh_from_db()
    assert (letter.state, letter.reason, letter.result) == ("discarded", "mended", "")
    assert states() == ["discarded", "open"]
    action = OperatorAction.objects.get()
    assert (action.action, action.target_type) == ("discard", "dead_letter")
    assert action.target_id == str(letter.pk)


def test_a_held_letter_gets_a_ledger_row_so_that_nobody_runs_it(
    group: str, command: Command
) -> None:
    letter = a_held_letter(group, 5)
    command("discard", letter.pk)
    row = Consumption.objects.get()
    assert (row.group, row.dedupe_key, row.outcome) == (group, "thing:5", "dead_lettered")
    assert (row.topic, row.partition, row.offset, row.attempts) == (group, 0, 5, 0)
    assert (row.source, row.ce_id, row.handler) == (letter.source, letter.ce_id, letter.handler)
    assert row.finished_at is not None
    assert row.error == "discarded by ada: mended"
    assert len(bytes(row.value_sha256 or b"")) == 32


def test_a_ledger_row_that_is_there_already_stays(group: str, command: Command) -> None:
    letter = a_held_letter(group, 5)
    row = a_ledger_row(letter, "succeeded", offset=2)
    command("discard", letter.pk)
    row.refresh_from_db()
    assert (row.outcome, row.offset) == ("succeeded", 2)
    assert Consumption.objects.count() == 1


def test_a_discarded_head_has_no_turn_and_its_key_stays_closed(
    group: str, command: Command
) -> None:
    head = a_letter(group)
    row = a_ledger_row(head, "quarantined")
    key = a_closed_key(group, head=head)
    a_held_letter(group, 1)

    said = command("discard", head.pk)

    row.refresh_from_db()
    key.refresh_from_db()
    assert (row.outcome, row.attempts) == ("dead_lettered", 3)
    assert key.released_at is None
    assert "They had closed 1 key, which stays closed" in said
    assert states() == ["discarded", "held"]


def test_a_filter_means_what_failed_and_with_a_key_what_it_holds_too(
    group: str, command: Command
) -> None:
    a_letter(group)
    a_held_letter(group, 1)
    a_held_letter(group, 2, key=b"another")
    command("discard", group=group)
    assert states() == ["discarded", "held", "held"]
    command("discard", group=group, topic=group, key="k")
    assert states() == ["discarded", "discarded", "held"]
    actions = OperatorAction.objects.order_by("at", "id")
    assert [each.target_id for each in actions] == [group, group]
    assert [each.details["letters"] for each in actions] == [1, 1]


def test_what_is_on_its_way_or_done_with_is_left(group: str, command: Command) -> None:
    rows = [
        a_letter(group, number, state=state)
        for number, state in enumerate(("redriving", "redriven", "discarded"))
    ]
    with pytest.raises(CommandError, match="3 left as they are"):
        command("discard", *(row.pk for row in rows))
    assert states() == ["redriving", "redriven", "discarded"]
    assert not OperatorAction.objects.exists()


def test_a_dry_run_says_what_by_kind_and_changes_nothing(group: str, command: Command) -> None:
    a_letter(group)
    said = command("discard", group=group, dry_run=True, reason="")
    assert "shop.NoStock" in said
    assert "1 letter would be discarded." in said
    assert states() == ["open"]
    assert not OperatorAction.objects.exists()


def test_dead_letters_are_listed_by_what_went_wrong(group: str, command: Command) -> None:
    a_letter(group, 0)
    newest = a_letter(group, 1, error="none\x1b[2J left\nin the shed", created_at=timezone.now())
    a_letter(group, 2, exception="shop.Closed", handler="tests.other")
    a_letter(group, 3, state="discarded")
    said = command("deadletters", "--group", group)
    lines = [line.split() for line in said.splitlines()]
    assert [line[0] for line in lines] == ["letters", "2", "1"]
    assert str(newest.pk) in lines[1]
    assert "none\ufffd[2J left" in said
    assert "shed" not in said
    assert command("deadletters", "--handler", "tests.nobody") == "No dead letter is open.\n"
