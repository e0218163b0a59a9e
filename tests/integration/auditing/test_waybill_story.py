"""One event to which everything happens, and how its waybill tells replays and looks."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from events.auditing.handling import LIMIT
from events.auditing.waybill import Waybill, waybill
from events.models import Event, OperatorAction, TopicGrant
from tests.audit_rows import (
    a_consumption,
    a_dead_letter,
    a_publication,
    an_attempt,
    an_event,
    an_outbox_entry,
    at,
)
from tests.integration.auditing.replay_rows import a_replay, forced

pytestmark = pytest.mark.django_db


def done(action: str, target: object, *, target_type: str = "event", **fields: Any) -> None:
    """Write what somebody did; `after_s` is when."""
    row = {"actor": "ann", "reason": "why not", "allowed": True, **fields}
    OperatorAction.objects.create(
        action=action,
        target_type=target_type,
        target_id=str(target),
        at=at(row.pop("after_s")),
        **row,
    )


def story(found: Waybill) -> list[tuple[str, str, str]]:
    """What is told: its kind, its group and its words."""
    return [(each.kind.value, each.group, each.summary) for each in found.timeline]


def facts(found: Waybill, kind: str, *, group: str = "") -> list[dict[str, Any]]:
    return [
        dict(entry.details)
        for entry in found.timeline
        if entry.kind == kind and group in {"", entry.group}
    ]


@pytest.fixture
def event() -> Event:
    """Published twice; `invoices` gave it up and redrove it; `search` came late, by a replay."""
    event = an_event()
    a_publication(event)
    an_attempt(event, group="invoices", number=1, after_s=1)
    an_attempt(event, group="invoices", number=2, after_s=2)
    a_dead_letter(
        event,
        group="invoices",
        created_at=at(3),
        changed_at=at(20),
        state="redriven",
        result="done",
        reason="the rate is known",
    )
    a_consumption(event, group="invoices", attempts=3, first_at=at(1), finished_at=at(21))
    done("republish", event.pk, after_s=30)
    an_outbox_entry(event, cause="republish", created_at=at(30))
    a_publication(event, offset=900, cause="republish", by="ann", after_s=31)
    done("reveal", event.pk, after_s=40)
    done("republish", event.pk, after_s=50, allowed=False, actor="eve", reason="")
    return event


def test_everything_that_can_happen_is_told_in_its_order(event: Event) -> None:
    missing = a_replay(group="search", requested_at=at(60), finished_at=at(65))
    again = a_replay(
        group="invoices", mode="force", state="paused", requested_at=at(70), finished_at=None
    )
    done("replay", missing.pk, target_type="replay", after_s=60)
    a_consumption(event, group="search", replay=missing, first_at=at(62), finished_at=at(62.1))
    done("replay", again.pk, target_type="replay", after_s=70)
    an_attempt(event, group="invoices", generation=again.pk, after_s=71)
    forced(again, event, group="invoices", offset=900, outcome="dead_lettered", first_at=at(71))
    letter = a_dead_letter(
        event,
        group="invoices",
        offset=900,
        generation=again.pk,
        replay=again,
        created_at=at(72),
        changed_at=at(72),
    )
    done("pause_replay", again.pk, target_type="replay", after_s=73)
    done("reveal", letter.pk, target_type="dead_letter", after_s=74)

    found = waybill(event.pk)

    assert story(found) == [
        ("accepted", "", "Accepted by shop"),
        ("published", "", "Published at order_invoices:1:128"),
        ("failed", "invoices", "Attempt 1 failed"),
        ("failed", "invoices", "Attempt 2 failed"),
        ("dead_lettered", "invoices", "Set aside as a dead letter"),
        ("redriven", "invoices", "Redriven: done"),
        ("succeeded", "invoices", "Handled"),
        ("waiting", "", "Waits in the outbox, to be published again"),
        ("action", "", "ann: republish"),
        ("published", "", "Published again at order_invoices:1:900"),
        ("action", "", "ann saw its value"),
        ("refused", "", "eve: republish (refused)"),
        ("action", "", "ann: replay"),
        ("replayed", "search", "Replayed by ann: missing"),
        ("succeeded", "search", "Handled"),
        ("action", "", "ann: replay"),
        ("replayed", "invoices", "Replayed by ann: force"),
        ("failed", "invoices", "Attempt 1 failed"),
        ("dead_lettered", "invoices", "Set aside as a dead letter"),
        ("action", "", "ann: pause_replay"),
        ("action", "", "ann saw the value of its dead letter"),
    ]
    assert found.replays == (missing, again)
    assert found.is_complete
    ran_late, ran_again = facts(found, "replayed")
    assert ran_late == {
        "replay": str(missing.pk),
        "state": "done",
        "finished": at(65),
        "reason": "the template was wrong",
    }
    assert (ran_again["replay"], ran_again["state"]) == (str(again.pk), "paused")


def test_what_a_replay_did_is_not_mixed_with_what_the_group_did_itself(event: Event) -> None:
    replay = a_replay(group="invoices", mode="force")
    an_attempt(
        event, group="invoices", number=3, result="succeeded", error="", duration_s=7.0, after_s=14
    )
    an_attempt(
        event,
        group="invoices",
        generation=replay.pk,
        result="succeeded",
        error="",
        duration_s=0.5,
        after_s=101,
    )
    # Given up again; the letter of the group itself, at the same position, tells nothing of it.
    forced(
        replay,
        event,
        group="invoices",
        outcome="dead_lettered",
        first_at=at(101),
        finished_at=at(102),
        error="no rate for YY",
    )

    found = waybill(event.pk)

    [own] = facts(found, "succeeded", group="invoices")
    assert own["took"] == "7.0 s"
    assert "forced replay" not in own
    letter, given_up = facts(found, "dead_lettered", group="invoices")
    assert "forced replay" not in letter
    assert given_up["forced replay"] == str(replay.pk)
    assert given_up["took"] == "500 ms"
    assert given_up["error"] == "no rate for YY"


def test_attempts_and_letters_of_a_forced_replay_name_it(event: Event) -> None:
    replay = a_replay(group="search", mode="force")
    an_attempt(event, group="search", generation=replay.pk, after_s=101)
    a_dead_letter(
        event,
        group="search",
        generation=replay.pk,
        replay=replay,
        created_at=at(102),
        changed_at=at(102),
    )

    found = waybill(event.pk)

    told = [
        *facts(found, "failed", group="search"),
        *facts(found, "dead_lettered", group="search"),
    ]
    assert [each["forced replay"] for each in told] == [str(replay.pk)] * 2
    assert [entry.at for entry in found.timeline if entry.kind == "replayed"] == [at(101)]


def test_a_replay_that_skipped_the_event_for_another_is_told(event: Event) -> None:
    replay = a_replay(group="invoices", mode="force")
    other = an_event()
    forced(replay, other, group="invoices", first_at=at(101))
    an_attempt(
        event, group="invoices", generation=replay.pk, result="duplicate", error="", after_s=102
    )

    found = waybill(event.pk)

    assert found.replays == (replay,)
    [skipped] = facts(found, "duplicate")
    assert skipped["done by event"] == str(other.pk)
    assert skipped["forced replay"] == str(replay.pk)
    assert facts(waybill(other.pk), "duplicate") == []


def test_a_replay_that_is_gone_is_named_where_it_left_rows(event: Event) -> None:
    gone = UUID(int=7)
    a_consumption(event, group="search", generation=gone, replay_id=gone, finished_at=at(101))

    found = waybill(event.pk)

    assert found.replays == ()
    [told] = facts(found, "succeeded", group="search")
    assert told["forced replay"] == str(gone)


def test_looks_without_end_hide_nothing_that_was_done(event: Event) -> None:
    for number in range(LIMIT):
        done("reveal", event.pk, after_s=60 + number)
    done("republish", event.pk, after_s=500, actor="last")

    found = waybill(event.pk)

    assert len(found.actions) == LIMIT
    assert not found.is_complete
    assert {action.actor for action in found.actions} == {"ann", "eve", "last"}
    assert [action.at for action in found.actions] == sorted(each.at for each in found.actions)


def test_who_may_not_read_the_topic_has_no_waybill(event: Event) -> None:
    user = User.objects.create_user("bob")
    with pytest.raises(Event.DoesNotExist):
        waybill(event.pk, user=user)

    TopicGrant.objects.create(user=user, topic="order_*", may_read=True)
    user = User.objects.get(pk=user.pk)
    assert waybill(event.pk, user=user).event == event


def test_replays_are_read_with_what_they_ran(event: Event, django_assert_num_queries: Any) -> None:
    for number in range(20):
        replay = a_replay(group=f"group {number}", mode="force", plan=[{"topic": "t"}])
        forced(replay, event, group=replay.group)
        a_dead_letter(event, group=replay.group, generation=replay.pk, replay=replay)
        done("replay", replay.pk, target_type="replay", after_s=100)

    with django_assert_num_queries(7) as asked:
        found = waybill(event.pk)
        assert len({each.reason for each in found.replays}) == 1
    assert len(found.replays) == 20
    read = " ".join(query["sql"] for query in asked.captured_queries)
    assert '"events_replay"."plan"' not in read
