"""The waybill in a terminal."""

import json
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from tests.audit_rows import (
    a_consumption,
    a_dead_letter,
    a_publication,
    an_attempt,
    an_event,
    at,
)
from tests.integration.auditing.replay_rows import a_replay, forced

pytestmark = pytest.mark.django_db


def traced(name: str, *options: str) -> str:
    out = StringIO()
    call_command("traceevent", name, *options, stdout=out)
    return out.getvalue()


def for_machines(name: str) -> Any:
    return json.loads(traced(name, "--json"))


def test_one_event_is_told_in_full() -> None:
    event = an_event("1042")
    a_publication(event)
    an_attempt(event, after_s=1.0)

    text = traced("1042")

    assert f"Waybill {event.pk}" in text
    assert "state    published" in text
    assert "12:00:00.020                   Published at order_invoices:1:128" in text
    assert "12:00:01.010  ! notifications  Attempt 1 failed" in text
    assert "error: smtplib.SMTPServerDisconnected: gone" in text


def test_control_characters_cannot_command_the_terminal() -> None:
    event = an_event("10\x1b[2J42", type="invoice.requested")
    an_attempt(event, error="line one\n\x1b]0;owned\x07")

    text = traced(str(event.pk))

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "10\\x1b[2J42" in text
    assert "error: line one\\n\\x1b]0;owned\\x07" in text


def test_several_events_are_listed_with_their_ids() -> None:
    ids = [str(an_event("1042", accepted_at=at(second)).pk) for second in (1, 2)]

    text = traced("1042")

    assert all(identifier in text for identifier in ids)
    assert "trace one by its id" in text


def test_a_foreign_message_is_told_by_what_groups_wrote_down_though_it_has_no_waybill() -> None:
    place: dict[str, Any] = {"partition": 2, "offset": 7}
    row = a_consumption(None, outcome="unknown", dedupe_key="thing:1", **place)
    an_attempt(None, dedupe_key="thing:1", error="no\x1brate", **place)
    others: list[dict[str, Any]] = [{"offset": 8}, {"partition": 3}, {"topic": "orders"}]
    for other in others:
        an_attempt(None, dedupe_key="thing:1", number=7, **place | other)
    replay = a_replay(mode="force")
    forced(replay, None, dedupe_key="thing:1", finished_at=at(101), **place)
    letter = a_dead_letter(None, group="other", **place)

    for name in ("order_invoices:2:7", "thing:1", str(letter.pk)):
        text = traced(name)
        assert "Message order_invoices:2:7. Not published here" in text
        assert "source   /waybill" in text
        assert f"consumption {row.pk}" in text
        assert "Nobody knows whether the effect happened" in text
        assert "error: no\\x1brate" in text
        assert "Attempt 7" not in text
        assert "Replayed by ann: force" in text
        assert f"dead letter {letter.pk}" in text
        told = for_machines(name)
        assert (told["topic"], told["partition"], told["offset"]) == ("order_invoices", 2, 7)
        assert [each["id"] for each in told["replays"]] == [str(replay.pk)]
        assert [each["id"] for each in told["dead_letters"]] == [str(letter.pk)]
        assert len(told["consumptions"]) == 2
        assert told["complete"] is True


def test_several_matches_are_listed_for_machines_too() -> None:
    events = [an_event("1042", accepted_at=at(second)) for second in (2, 1)]

    told = for_machines("1042")

    assert [match["id"] for match in told["matches"]] == [str(event.pk) for event in events]
    assert {match["type"] for match in told["matches"]} == {"event"}
    assert told["complete"] is True


def test_a_replay_is_named_by_its_id() -> None:
    replay = a_replay(id=UUID(int=5), mode="force", state="paused")

    text = traced(str(replay.pk))

    assert "Not an event" in text
    assert "replay of notifications (force): paused" in text


def test_a_list_cannot_command_the_terminal_either() -> None:
    for second in (1, 2):
        a_dead_letter(None, exception="x\x1b[2J", dedupe_key="k", offset=second)
        a_consumption(None, group=f"g\x1b{second}", dedupe_key="k", offset=second)

    text = traced("k")

    assert "trace one by its id" in text
    assert "\x1b" not in text
    assert "g\\x1b1" in text


def test_nothing_found_says_what_can_be_asked_for() -> None:
    with pytest.raises(CommandError, match="event id, key, subject, dedupe key"):
        traced("nothing")
