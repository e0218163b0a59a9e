"""The overview is honest and cheap."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.admin.overview import Figure
from events.consuming.subscriptions import groups
from events.models import Replay
from tests.audit_rows import (
    GROUP,
    a_closed_key,
    a_consumption,
    a_dead_letter,
    a_gap,
    a_heartbeat,
    a_pause,
    an_event,
    an_outbox_entry,
)
from tests.integration.admin.replay_rows import a_replay

pytestmark = pytest.mark.django_db


def figures(client: Client) -> dict[str, Figure]:
    return {each.title: each for each in client.get(reverse("admin:index")).context["figures"]}


def test_all_is_quiet_when_nothing_waits(superuser: Client) -> None:
    assert {each.value for each in figures(superuser).values()} == {"0"}
    assert {each.tone for each in figures(superuser).values()} == {"success"}


def test_each_number_is_what_its_list_shows(superuser: Client) -> None:
    event = an_event()
    hour_ago = timezone.now() - timedelta(minutes=61)
    for _ in range(3):
        an_outbox_entry(event, created_at=hour_ago)
    an_outbox_entry(event, parked_at=hour_ago)
    a_dead_letter(event)
    a_dead_letter(event, offset=2, state="redriven")
    for number, outcome in enumerate(("unknown", "unknown", "retrying", "succeeded")):
        a_consumption(event, outcome=outcome, dedupe_key=str(number))

    a_pause()
    a_pause(until=hour_ago)
    for state in Replay.State.values:
        a_replay(state=state)
    a_closed_key()
    a_closed_key(key=b"other", released_at=hour_ago)
    a_gap()
    a_gap(at=hour_ago, partition=2)

    shown = figures(superuser)

    assert {title: each.value for title, each in shown.items()} == {
        "Backlog": "3",
        "Parked": "1",
        "Open dead letters": "1",
        "Unknown outcomes": "2",
        "Retrying": "1",
        "Active pauses": "1",
        "Closed keys": "2",
        "Replays": "3",
        "Gaps of a day": "1",
    }
    assert (shown["Backlog"].hint, shown["Backlog"].tone) == ("oldest waits 1 h", "warning")
    for each in shown.values():
        rows = superuser.get(each.link).context["cl"].result_list
        assert str(len(rows)) == each.value, each.title


def test_it_says_when_nothing_moves_events(superuser: Client) -> None:
    stale = timezone.now() - timedelta(minutes=1)
    a_heartbeat("relay", beat_at=stale)

    warnings = superuser.get(reverse("admin:index")).context["warnings"]

    assert "No relay is running: nothing reaches Kafka. Start manage.py runrelay." in warnings
    assert len(warnings) == 1 + len(groups())


def test_living_processes_are_shown_and_warn_of_nothing(superuser: Client) -> None:
    a_heartbeat("relay", beat_at=timezone.now())
    for group in {GROUP, *groups()}:
        a_heartbeat(beat_at=timezone.now(), name=group)

    page = superuser.get(reverse("admin:index"))

    assert page.context["warnings"] == []
    assert all(process["is_alive"] for process in page.context["processes"])


def test_a_group_that_waybill_paused_itself_is_named_with_the_reason(superuser: Client) -> None:
    a_pause(topic="", by="ada", reason="a deploy")
    a_pause(topic="", by="waybill", reason="20 dead letters in 60 s, most of them NoTaxRate.")
    a_pause(topic="", by="waybill", reason="an older storm", resumed_at=timezone.now())

    warnings = superuser.get(reverse("admin:index")).context["warnings"]

    assert [each for each in warnings if "by Waybill itself" in each] == [
        f"Group {GROUP} is paused by Waybill itself: 20 dead letters in 60 s, most of them "
        "NoTaxRate. Mend the cause, then resume it under Pauses."
    ]


def test_replays_that_nobody_runs_are_named(superuser: Client) -> None:
    lease = timezone.now() + timedelta(minutes=1)
    a_replay(group="held", state="running", lease_expires_at=lease)
    a_replay(group="fresh", requested_at=timezone.now())
    a_replay(group="paused", state="paused")
    a_replay(group="waiting")
    a_replay(group="killed", state="running", lease_expires_at=lease - timedelta(hours=1))

    warnings = superuser.get(reverse("admin:index")).context["warnings"]

    assert [each for each in warnings if "replay" in each] == [
        "Nobody runs the replay of killed, waiting. Start manage.py runreplay --serve."
    ]


def test_people_see_only_the_numbers_they_may(client: Client) -> None:
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_deadletter"))
    client.force_login(user)

    page = client.get(reverse("admin:index"))

    assert [each.title for each in page.context["figures"]] == ["Open dead letters"]
    text = page.content.decode()
    assert "/admin/events/deadletter/" in text
    assert "/admin/events/consumption/" not in text
    assert "runrelay" not in text


def test_the_overview_takes_few_queries(
    superuser: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        an_outbox_entry(an_event(str(number)))
        a_heartbeat(beat_at=timezone.now())

    # session, user, six numbers, pauses, replays, closed keys, gaps, processes, events
    with django_assert_max_num_queries(14):
        superuser.get(reverse("admin:index"))
