"""pausegroup and resumegroup: what stands still, until when, and who started it again."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError
from django.utils import timezone

from events.errors import PauseRefused
from events.models import ClosedKey, DeadLetter, GroupTopic, OperatorAction, Pause
from events.models.identifiers import new_id
from events.operating.operator import Operator
from events.operating.pausing import pause, paused, resume
from tests.audit_rows import a_heartbeat
from tests.integration.operating.conftest import Command
from tests.integration.operating.failed_rows import a_closed_key, a_held_letter, a_letter

pytestmark = pytest.mark.django_db

ADA = Operator(name="ada", reason="the shop moves")
LATER = timedelta(minutes=5)


def test_a_pause_says_who_why_and_until_when(group: str) -> None:
    until = timezone.now() + LATER
    row = pause(group, topic=group, partition=0, until=until, by=ADA)
    assert isinstance(row, Pause)
    assert (row.by, row.reason, row.until) == ("ada", "the shop moves", until)
    assert (row.topic, row.partition) == (group, 0)
    assert paused(group) == [row]
    action = OperatorAction.objects.get()
    assert (action.action, action.target_type, action.target_id) == (
        "pause",
        "consumer_group",
        group,
    )
    assert action.details == {
        "topic": group,
        "partition": 0,
        "until": until.isoformat(),
        "pause": str(row.pk),
    }


def test_a_paused_key_is_a_closed_key(group: str) -> None:
    row = pause(group, topic=group, key=b"\xff1", by=ADA)
    assert isinstance(row, ClosedKey)
    assert (row.cause, bytes(row.key), row.released_at, row.by) == (
        "paused",
        b"\xff1",
        None,
        "ada",
    )
    assert paused(group) == [row]
    assert OperatorAction.objects.get().details["key"] == "\\xff1"


def test_what_is_over_or_resumed_is_not_in_force(group: str) -> None:
    past = timezone.now() - LATER
    whole = pause(group, by=ADA)
    Pause.objects.create(group=group, topic=group, by="ada", paused_at=past, until=past)
    a_closed_key(group, key=b"a", until=past)
    a_closed_key(group, key=b"b", released_at=past)
    assert paused(group) == [whole]
    resume(whole.pk, by=ADA)
    assert paused(group) == []


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ({"topic": "another"}, "does not subscribe to 'another'; it does to: "),
        ({"partition": 0}, "name the topic, too"),
        ({"topic": "{group}", "partition": 7}, "has no partition 7: it has 1, counted from 0"),
        ({"topic": "{group}", "partition": -1}, "has no partition -1"),
        ({"key": b"k"}, "name the topic, too"),
        ({"topic": "{group}", "key": b"k", "partition": 0}, "leave the partition out"),
        ({"topic": "{group}", "key": b""}, "0 bytes: 1 to 1024"),
        ({"topic": "{group}", "key": b"k" * 1025}, "1025 bytes: 1 to 1024"),
        ({"until": datetime(2026, 1, 1, tzinfo=UTC)}, "2026-01-01 00:00:00 UTC is over already"),
    ],
)
def test_what_cannot_be_paused_is_refused(group: str, place: dict[str, Any], told: str) -> None:
    if place.get("topic") == "{group}":
        place = {**place, "topic": group}
    with pytest.raises(PauseRefused, match=told):
        pause(group, **place, by=ADA)
    assert not Pause.objects.exists()
    assert not ClosedKey.objects.exists()
    assert not OperatorAction.objects.exists()


def test_an_unknown_group_is_refused_with_the_known_ones(group: str) -> None:
    with pytest.raises(PauseRefused, match=f"as group 'stoc'; the groups are: .*{group}"):
        pause("stoc", by=ADA)


def test_a_partition_that_was_added_can_be_paused(group: str) -> None:
    GroupTopic.objects.create(group=group, topic=group, partitions=9, seen_at=timezone.now())
    row = pause(group, topic=group, partition=8, by=ADA)
    assert paused(group) == [row]


def test_the_same_twice_is_refused_and_another_extent_is_not(group: str) -> None:
    first = pause(group, by=ADA)
    pause(group, topic=group, by=ADA)
    pause(group, topic=group, partition=0, by=ADA)
    with pytest.raises(PauseRefused, match=f"paused already, by ada .*: resume {first.pk} first"):
        pause(group, by=ADA)
    assert Pause.objects.count() == 3


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ("paused", "the key is paused already, by consumer"),
        ("quarantined", "the key is in quarantine, by consumer"),
        ("retrying", "its first message is being retried"),
    ],
)
def test_a_key_that_is_closed_already_is_refused_with_the_cause(
    group: str, cause: str, told: str
) -> None:
    a_closed_key(group, cause=cause)
    with pytest.raises(PauseRefused, match=told):
        pause(group, topic=group, key=b"k", by=ADA)
    assert ClosedKey.objects.get().by == "consumer"


def test_a_key_that_drains_can_be_closed_again(group: str) -> None:
    head = a_held_letter(group, 0)
    key = a_closed_key(group, head=head, released_at=timezone.now())
    row = pause(group, topic=group, key=b"k", by=ADA)
    assert isinstance(row, ClosedKey)
    assert (row.pk, row.cause, row.released_at, row.by) == (key.pk, "paused", None, "ada")
    assert row.head_id == head.pk


def test_resuming_says_who_and_happens_once(group: str) -> None:
    row = pause(group, by=ADA)
    ended = resume(row.pk, by=ADA)
    assert isinstance(ended, Pause)
    assert (ended.resumed_by, ended.resumed_at is not None) == ("ada", True)
    with pytest.raises(PauseRefused, match="resumed already, by ada"):
        resume(row.pk, by=ADA)
    with pytest.raises(PauseRefused, match="there is no pause"):
        resume(new_id(), by=ADA)
    assert OperatorAction.objects.filter(action="resume").count() == 1


def test_what_ended_by_itself_is_not_resumed(group: str) -> None:
    past = timezone.now() - LATER
    row = Pause.objects.create(group=group, by="ada", paused_at=past, until=past)
    with pytest.raises(PauseRefused, match="ended by itself at"):
        resume(row.pk, by=ADA)


def test_a_released_key_runs_the_message_that_failed_first(group: str) -> None:
    head = a_letter(group)
    a_held_letter(group, 1)
    a_held_letter(group, 2, key=b"another")
    key = a_closed_key(group, head=head)

    row = resume(key.pk, by=ADA)

    assert isinstance(row, ClosedKey)
    assert row.released_at is not None
    head.refresh_from_db()
    assert head.state == "held"
    action = OperatorAction.objects.get()
    assert (action.action, action.details["held"], action.details["cause"]) == (
        "resume",
        2,
        "quarantined",
    )
    with pytest.raises(PauseRefused, match="released already; 2 messages of it are still held"):
        resume(key.pk, by=ADA)


def test_a_head_that_was_discarded_stays_so(group: str) -> None:
    head = a_letter(group, state="discarded")
    resume(a_closed_key(group, head=head).pk, by=ADA)
    assert DeadLetter.objects.get().state == "discarded"


def test_the_commands_stop_and_start_exactly_what_was_named(group: str, command: Command) -> None:
    said = command("pausegroup", group)
    assert f"{group} is paused: the whole group, until it is resumed." in said
    assert f"No consumer of {group} is running: it counts for those that start." in said
    a_heartbeat(name=group, beat_at=timezone.now())
    said = command("pausegroup", group, "--topic", group, "--partition", "0", "--until", "2h")
    assert f"paused: partition 0 of {group}, until 20" in said
    assert "The 1 running consumer stands still within a second." in said
    left = Pause.objects.get(partition=0).until
    assert left is not None
    assert timedelta(minutes=119) < left - timezone.now() <= timedelta(minutes=120)
    said = command("pausegroup", group, "--topic", group, "--key", "k")
    assert "messages of the key are held" in said

    said = command("resumegroup", group, "--topic", group, "--partition", "0")
    assert f"{group} is resumed: partition 0 of {group}." in said
    assert len(paused(group)) == 2
    a_held_letter(group, 3)
    said = command("resumegroup", group, "--topic", group, "--key", "k")
    assert f"{group} is released: key 'k' of {group}." in said
    assert "1 message of the key is held; it runs before" in said
    assert len(paused(group)) == 1
    command("resumegroup", "--id", Pause.objects.get(topic="").pk)
    assert paused(group) == []


def test_a_dry_run_checks_and_changes_nothing(group: str, command: Command) -> None:
    assert "would be paused: the whole group" in command("pausegroup", group, dry_run=True)
    assert not Pause.objects.exists()
    row = pause(group, by=ADA)
    assert "would be resumed: the whole group" in command("resumegroup", group, dry_run=True)
    assert paused(group) == [row]
    with pytest.raises(CommandError, match="paused already"):
        command("pausegroup", group, dry_run=True)
    assert OperatorAction.objects.count() == 1


def test_if_none_fits_those_in_force_are_listed(group: str, command: Command) -> None:
    with pytest.raises(CommandError, match=f"nothing of {group} stands still"):
        command("resumegroup", group)
    row = pause(group, topic=group, by=ADA)
    key = a_closed_key(group)
    said = StringIO()
    with pytest.raises(CommandError, match="none of these is exactly what you named"):
        command("resumegroup", group, stderr=said)
    assert str(row.pk) in said.getvalue()
    assert str(key.pk) in said.getvalue()
    assert "quarantined: no stock" in said.getvalue()
    assert len(paused(group)) == 2


@pytest.mark.parametrize(
    ("name", "words", "told"),
    [
        ("pausegroup", ["g", "--until", "soon"], "'soon' is no time.*or how long from now"),
        ("pausegroup", ["g", "--reason", " "], "say why"),
        ("pausegroup", ["g"], "no handler subscribes as group 'g'"),
        ("resumegroup", [], "name a group, or give --id"),
        ("resumegroup", ["g", "--id", "01890000-0000-7000-8000-000000000000"], "give --id alone"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    command: Command, name: str, words: list[str], told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        command(name, *words)
