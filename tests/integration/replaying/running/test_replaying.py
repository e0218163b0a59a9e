"""Replays: old messages are consumed again, what is done stays done, and all is counted."""

from typing import Any

import pytest
from django.contrib.auth.models import Group

from events.errors import EffectUnknown, InvalidEvent
from events.event import ReceivedEvent
from events.models import Attempt, Consumption, DeadLetter
from events.models.consumption import LIVE
from events.operating.editing import EditedRedrive
from events.operating.resolving import Resolving
from events.operating.seeking import Latest, Seeking
from events.replaying.request import Offsets
from tests.integration.replaying.running.conftest import ANN, Numbers, counted

pytestmark = pytest.mark.django_db(transaction=True)


def test_only_what_is_missing_is_run(numbers: Numbers) -> None:
    numbers.declare()
    numbers.send(1, 2, 3, 4)
    numbers.send(5, 6, partition=1)
    numbers.consume()
    numbers.forget(2, 5)

    replay = numbers.replay()

    assert sorted(numbers.handler.calls) == [2, 5]
    assert replay.state == "done"
    assert counted(replay) == {"done": 4, "succeeded": 2}
    assert replay.positions == {f"{numbers.topic}:0": 4, f"{numbers.topic}:1": 2}
    rows = Consumption.objects.filter(replay=replay)
    assert {row.dedupe_key for row in rows} == {"thing:2", "thing:5"}
    assert {row.generation for row in rows} == {LIVE}
    assert replay.lease_token is None
    assert replay.finished_at is not None


def test_a_forced_replay_runs_everything_once_in_a_generation_of_its_own(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    handle = numbers.handler.handle

    def noting(event: ReceivedEvent) -> None:
        seen.append(event.replay)
        handle(event)

    monkeypatch.setattr(numbers.handler, "handle", noting)
    numbers.declare()
    numbers.send(1, 2, 2, 3)
    numbers.consume()
    Group.objects.all().delete()
    seen.clear()

    replay = numbers.replay(mode="force")

    assert seen == [replay.pk] * 3
    assert counted(replay) == {"succeeded": 3, "done": 1}
    assert Consumption.objects.filter(generation=replay.pk, replay=replay).count() == 3
    assert Consumption.objects.filter(generation=LIVE, replay=None).count() == 3

    Group.objects.all().delete()
    assert counted(numbers.replay(mode="force")) == {"succeeded": 3, "done": 1}


def test_redis_is_told_of_what_was_missing_and_never_asked(
    numbers: Numbers, dedupe_redis: Any
) -> None:
    numbers.declare()
    numbers.send(1, 2)
    numbers.consume()
    numbers.forget(1, 2)

    assert counted(numbers.replay()) == {"succeeded": 2}  # though Redis remembers both
    dedupe_redis.flushdb()
    Group.objects.all().delete()
    assert counted(numbers.replay(mode="force")) == {"succeeded": 2}
    assert dedupe_redis.keys() == []
    numbers.forget(2)
    assert counted(numbers.replay()) == {"done": 1, "succeeded": 1}
    assert dedupe_redis.keys() == [b"thing:2"]


def test_a_copy_under_another_name_is_told_once_however_often_it_is_met(numbers: Numbers) -> None:
    numbers.declare()
    numbers.send(1, 1)
    for _ in range(2):
        replay = numbers.replay()
    assert counted(replay) == {"done": 2}
    [attempt] = Attempt.objects.all()
    assert (attempt.result, attempt.offset) == ("duplicate", 1)


def test_what_no_handler_can_get_is_set_aside_once(numbers: Numbers) -> None:
    numbers.declare()
    numbers.send(1, headers=(("ce_time", b"tomorrow"),))
    numbers.send(2, headers=(("ce_subject", b"x"),))
    for _ in range(2):
        assert counted(numbers.replay())["undecodable"] == 1
    letter = DeadLetter.objects.get()
    assert (letter.offset, letter.state) == (0, "open")
    assert numbers.run(numbers.ask(), storm_letters=1).state == "done"  # no storm of old letters


def test_only_what_is_chosen_is_run(numbers: Numbers) -> None:
    numbers.declare()
    numbers.send(1, 2, key=b"north")
    numbers.send(3, key=b"south")

    assert counted(numbers.replay(key=b"north")) == {"succeeded": 2, "other": 1}
    assert counted(numbers.replay(range=Offsets(first=1, before=2))) == {"done": 1}
    assert counted(numbers.replay(range=Offsets(first=2))) == {"succeeded": 1}


def test_what_waits_for_people_is_counted_and_left(numbers: Numbers) -> None:
    numbers.declare()
    numbers.handler.broken = {2: ValueError("no"), 3: ValueError("no")}
    numbers.send(1, 2, 3, 4)
    numbers.consume()
    Consumption.objects.filter(dedupe_key="thing:3").update(outcome="unknown")
    Consumption.objects.filter(dedupe_key="thing:4").update(outcome="started")
    numbers.handler.broken.clear()
    numbers.handler.calls.clear()

    replay = numbers.replay()

    assert numbers.handler.calls == []
    assert counted(replay) == {"done": 1, "dead_lettered": 1, "unknown": 1, "in_work": 1}


def test_what_people_had_done_again_is_left_to_the_group(numbers: Numbers) -> None:
    numbers.declare(effect="external", on_unknown="hold")
    numbers.handler.broken = {1: EffectUnknown("no answer")}
    numbers.send(1)
    replay = numbers.replay()
    assert counted(replay) == {"unknown": 1}
    numbers.handler.broken.clear()
    # Only the letter brings it back: the group is past the message itself.
    assert Seeking(numbers.topic, to=Latest()).carry_out(by=ANN).at_once

    Resolving(Consumption.objects.get().pk, how="resend").carry_out(by=ANN)

    assert counted(numbers.replay()) == {"in_work": 1}
    numbers.consume()
    letter = DeadLetter.objects.get()
    assert (letter.replay, letter.state, letter.result) == (replay, "redriven", "done")
    assert numbers.handler.done() == [1]


def test_letters_of_one_position_are_mended_each_for_its_own_generation(numbers: Numbers) -> None:
    numbers.declare()
    numbers.send(1)
    numbers.handler.broken = {1: InvalidEvent("no")}
    numbers.consume()
    forced = [numbers.replay(mode="force").pk for _ in range(2)]
    generations = [LIVE, *forced]
    letters = [DeadLetter.objects.get(generation=each).pk for each in generations]

    numbers.handler.broken.clear()
    for letter in letters[:2]:
        EditedRedrive(letter, value=b'{"n": 1, "mended": true}').carry_out(by=ANN)
        numbers.consume()
        Group.objects.all().delete()

    rows = Consumption.objects.filter(dedupe_key="thing:1")
    assert {row.generation: row.outcome for row in rows} == dict(
        zip(generations, ["succeeded", "succeeded", "dead_lettered"], strict=True)
    )


def test_what_fails_becomes_a_letter_that_is_redriven_on_its_own_row(numbers: Numbers) -> None:
    numbers.declare(on_exhausted="quarantine")
    numbers.send(1, 2, 3)
    numbers.consume()
    Group.objects.all().delete()
    numbers.handler.broken = {2: ValueError("not today")}

    replay = numbers.replay(mode="force")

    assert counted(replay) == {"succeeded": 2, "failed": 1}
    letter = DeadLetter.objects.get()
    assert (letter.replay, letter.generation, letter.state) == (replay, replay.pk, "open")
    assert Attempt.objects.filter(generation=replay.pk, result="failed").count() == 2

    numbers.handler.broken.clear()
    DeadLetter.objects.update(state="redriving")
    numbers.consume()

    letter.refresh_from_db()
    assert (letter.state, letter.result) == ("redriven", "done")
    assert sorted(numbers.handler.done()) == [1, 2, 3]
    row = Consumption.objects.get(generation=replay.pk, dedupe_key="thing:2")
    assert row.outcome == "succeeded"
