"""A replay is paused, resumed, stopped and taken over; what it may do is bounded."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.models.functions import Now
from django.utils import timezone

from events.consuming.process import HOST
from events.errors import InvalidEvent, ReplayBusy, ReplayRefused
from events.models import Attempt, DeadLetter, OperatorAction, Pause, Replay, Seek
from events.operating.replays import pause_replay, resume_replay, stop_replay
from events.operating.seeking import Latest, Seeking
from events.replaying.lease import take_lease
from events.replaying.process import ReplayProcess
from events.replaying.waiting import next_replay
from events.retry import RetryPolicy
from tests.audit_rows import a_heartbeat
from tests.integration.replaying.running.conftest import ANN, Numbers, counted
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_waits_while_paused_goes_on_when_resumed_and_ends_when_stopped(
    numbers: Numbers,
) -> None:
    numbers.declare()
    numbers.handler.takes_s = 0.01
    numbers.send(*range(100))
    replay = numbers.ask()
    with running(numbers.settings(), replay) as thread:
        wait_until(lambda: len(numbers.handler.calls) > 5)
        pause_replay(replay.pk, by=ANN)
        stood_at = wait_until(lambda: stands_still(numbers))
        resume_replay(replay.pk, by=ANN)
        wait_until(lambda: len(numbers.handler.calls) > stood_at + 5)
        replay.refresh_from_db()
        assert replay.state == "running"
        stop_replay(replay.pk, by=ANN)
        thread.join(5)
        assert not thread.is_alive()

    replay.refresh_from_db()
    assert (replay.state, replay.lease_token) == ("stopped", None)
    assert counted(replay) == {"succeeded": len(numbers.handler.calls)}
    assert replay.positions[f"{numbers.topic}:0"] == len(numbers.handler.calls)
    with pytest.raises(ReplayRefused, match="stopped"):
        numbers.process(replay).run(threading.Event())


def test_it_is_stopped_while_it_rests(numbers: Numbers) -> None:
    numbers.declare()
    numbers.handler.takes_s = 0.2
    numbers.send(*range(30))
    later = timezone.now() + timedelta(hours=1)
    a_heartbeat(name=numbers.topic, beat_at=later, progress_at=later)  # the group is at work
    replay = numbers.ask()
    with running(numbers.settings(replay_rest=60.0, chunk_messages=1, fetch_messages=1), replay):
        wait_until(lambda: len(numbers.handler.calls) > 3)
        stop_replay(replay.pk, by=ANN)
        wait_until(lambda: Replay.objects.get().lease_token is None, timeout_s=2)


def test_a_storm_of_letters_pauses_the_replay_and_not_the_group(numbers: Numbers) -> None:
    numbers.declare()
    numbers.send(*range(10))
    numbers.handler.broken = {number: InvalidEvent("no") for number in range(10)}

    replay = numbers.run(numbers.ask(), storm_letters=3)

    assert replay.state == "paused"
    assert DeadLetter.objects.count() == 3
    assert replay.report["note"].startswith("paused by itself: 3 dead letters within 60 s")
    action = OperatorAction.objects.get(action="pause_replay")
    assert (action.actor, action.target_id) == ("waybill", str(replay.pk))
    assert not Pause.objects.exists()

    numbers.handler.broken.clear()
    resume_replay(replay.pk, by=ANN)
    replay = numbers.run(replay, storm_letters=3)
    assert counted(replay) == {"failed": 3, "succeeded": 7}
    assert replay.report["note"] == ""


def test_what_slow_handlers_did_is_seen_while_they_work(numbers: Numbers) -> None:
    numbers.declare()
    numbers.handler.takes_s = 0.05
    numbers.send(*range(60))
    replay = numbers.ask()
    with running(numbers.settings(), replay):
        wait_until(lambda: Replay.objects.get().counters)
        replay.refresh_from_db()
        assert 0 < counted(replay)["succeeded"] < 60


def test_a_rate_bounds_what_is_given_to_handlers_and_nothing_else(numbers: Numbers) -> None:
    numbers.declare()
    numbers.send(*range(40))
    numbers.consume()
    numbers.forget(*range(30, 38))
    began = time.monotonic()

    replay = numbers.replay(rate=10.0)

    assert counted(replay) == {"done": 32, "succeeded": 8}
    assert time.monotonic() - began >= 0.6  # the first at once, seven in a tenth of a second each


def test_only_one_process_runs_it_and_another_goes_on_when_that_is_gone(numbers: Numbers) -> None:
    numbers.declare()
    numbers.send(1, 2)
    replay = numbers.ask()
    assert next_replay() == replay.pk
    take_lease(replay.pk, lease_s=60)
    assert next_replay() is None
    with pytest.raises(ReplayBusy, match=f"is run by {HOST}"):
        numbers.process(replay).run(threading.Event())

    Replay.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    assert next_replay() == replay.pk
    assert next_replay(but=[replay.pk]) is None
    assert numbers.run(replay).state == "done"


def test_told_to_stop_it_is_left_for_anybody(numbers: Numbers) -> None:
    numbers.declare()
    numbers.send(1, 2)
    replay = numbers.ask()
    stop = threading.Event()
    stop.set()
    assert numbers.process(replay).run(stop) == 0
    replay.refresh_from_db()
    assert (replay.state, replay.lease_token) == ("running", None)
    assert counted(numbers.run(replay)) == {"succeeded": 2}


def test_what_a_stopped_replay_was_trying_again_is_for_the_next_one(numbers: Numbers) -> None:
    numbers.declare(retry=RetryPolicy(max_attempts=3, initial_s=1.0, jitter=0))
    numbers.handler.fails_first = 2  # in the chunk, then alone, where it counts
    numbers.send(1)
    replay = numbers.ask()
    with running(numbers.settings(), replay):
        wait_until(lambda: Attempt.objects.filter(result="failed").exists())
    stop_replay(replay.pk, by=ANN)

    assert counted(numbers.replay()) == {"succeeded": 1}
    assert numbers.handler.done() == [1]


def test_what_the_group_tried_again_and_was_sought_past_is_run(numbers: Numbers) -> None:
    numbers.declare(retry=RetryPolicy(max_attempts=99, initial_s=0.2, jitter=0), deadline_s=0.5)
    numbers.handler.broken = {1: ValueError("not today")}
    numbers.send(1, 2)
    numbers.member()
    wait_until(lambda: Attempt.objects.filter(result="failed").exists())
    Seeking(numbers.topic, to=Latest()).carry_out(by=ANN)
    wait_until(lambda: not Seek.objects.filter(done_at=None))
    numbers.handler.broken.clear()

    # As long as a handler might be at it, it is left.
    wait_until(lambda: "in_work" not in counted(numbers.replay()))
    assert sorted(numbers.handler.done()) == [1, 2]


def test_without_its_handlers_it_fails_and_says_so(numbers: Numbers) -> None:
    numbers.declare()
    numbers.send(1)
    replay = numbers.ask()
    numbers.undeclare()
    replay = numbers.run(replay, code=1)
    assert replay.state == "failed"
    assert "no handler subscribes as group" in replay.report["note"]


class running:  # noqa: N801 - reads as a context manager
    """A replay run in a thread, told to stop at the end."""

    def __init__(self, settings: Any, replay: Replay) -> None:
        self._stop = threading.Event()
        self._process = ReplayProcess(replay.pk, settings=settings)
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self._process.run(self._stop)
        finally:
            connections.close_all()

    def __enter__(self) -> threading.Thread:
        self._thread.start()
        return self._thread

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)


def stands_still(numbers: Numbers) -> int:
    """How many were handled, once the replay has let go of its unit; 0 before."""
    before = len(numbers.handler.calls)
    threading.Event().wait(0.6)  # longer than a look of the keeper
    return before if len(numbers.handler.calls) == before else 0
