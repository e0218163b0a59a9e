"""Pauses: in force within a second, nothing lost or skipped, again after restart and rebalance."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from events.conf import waybill
from events.models import Attempt, Pause
from events.retry import RetryPolicy
from tests.integration.consuming.controlled import PROTOCOLS, Handled, Member
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

IN_FORCE_S = 1.0


def pause(topic: str, *, of: str = "group", until: Any = None) -> Pause:
    wheres: dict[str, dict[str, Any]] = {
        "group": {},
        "topic": {"topic": topic},
        "partition": {"topic": topic, "partition": 0},
    }
    return Pause.objects.create(
        group=topic, by="somebody", paused_at=timezone.now(), until=until, **wheres[of]
    )


def resume(row: Pause) -> None:
    Pause.objects.filter(id=row.id).update(resumed_at=Now())


def stays(handled: Handled, *, for_s: float) -> bool:
    """Whether nothing more is handled for so long."""
    count, until = len(handled.seen), time.monotonic() + for_s
    wait_until(lambda: time.monotonic() > until or len(handled.seen) > count)
    return len(handled.seen) == count


@pytest.mark.parametrize("of", ["group", "topic", "partition"])
def test_a_pause_is_in_force_within_a_second_and_a_resume_goes_on_exactly_there(
    topic: str, handled: Handled, members: list[Member], of: str
) -> None:
    handled.takes_s = 0.002
    handled.send(range(3000))
    members.append(Member(topic))
    took = []
    for _ in range(3):
        count = len(handled.seen)
        wait_until(partial(handled.has, count + 50), timeout_s=20)
        row = pause(topic, of=of)
        committed_at = time.monotonic()
        assert wait_until(lambda: stays(handled, for_s=0.5))
        took.append(handled.at[-1] - committed_at)
        assert stays(handled, for_s=0.5)
        assert len(handled.numbers()) < 3000
        resume(row)
    assert max(took) < IN_FORCE_S, took
    wait_until(lambda: len(handled.numbers()) == 3000, timeout_s=30)
    assert handled.numbers() == list(range(3000))


def test_a_slow_handler_finishes_its_message_and_no_other(
    topic: str, handled: Handled, members: list[Member], waybill_settings: Callable[..., Any]
) -> None:
    settings = waybill_settings(slow_work_s=0.3)
    handled.takes_s = 0.7
    handled.send(range(6))
    members.append(Member(topic, settings=settings))
    wait_until(lambda: len(handled.seen) == 1, timeout_s=20)
    row = pause(topic)
    assert wait_until(lambda: len(handled.seen) == 2 or None)
    handled.takes_s = 0.0
    assert stays(handled, for_s=1.0)
    resume(row)
    wait_until(lambda: len(handled.numbers()) == 6, timeout_s=20)
    assert handled.numbers() == list(range(6))


@pytest.mark.parametrize("partitions", [2])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_group_that_is_paused_handles_nothing_at_its_start_nor_after_a_rebalance(
    topic: str, handled: Handled, members: list[Member], protocol: str, partitions: int
) -> None:
    row = pause(topic)
    handled.send(range(100))
    members.append(Member(topic, protocol=protocol))
    wait_until(lambda: members[0].is_in(topic), timeout_s=20)
    members.append(Member(topic, protocol=protocol))
    wait_until(lambda: members[1].is_in(topic), timeout_s=30)
    assert stays(handled, for_s=1.0)
    assert not handled.seen
    members.pop(0).stop()
    wait_until(lambda: members[0].is_in(topic), timeout_s=30)
    assert stays(handled, for_s=1.0)
    resume(row)
    wait_until(lambda: len(handled.numbers()) == 100, timeout_s=20)
    assert handled.numbers() == list(range(100))


@pytest.mark.parametrize("partitions", [2])
def test_other_partitions_flow_and_until_idle_does_not_wait_for_a_paused_one(
    topic: str, handled: Handled, read_to_end: Any, partitions: int
) -> None:
    row = pause(topic, of="partition")
    handled.send(range(50), partition=0)
    handled.send(range(50, 100), partition=1)
    read_to_end()
    assert (handled.numbers(0), handled.numbers(1)) == ([], list(range(50, 100)))
    resume(row)
    read_to_end()
    assert handled.numbers(0) == list(range(50))


def test_a_pause_ends_by_itself(topic: str, handled: Handled, members: list[Member]) -> None:
    pause(topic, until=timezone.now() + timedelta(seconds=4))
    began = time.monotonic()
    handled.send(range(10))
    members.append(Member(topic))
    wait_until(lambda: len(handled.seen) == 10, timeout_s=20)
    assert handled.at[0] - began > 3.5


@pytest.mark.parametrize("retry", [RetryPolicy(initial_s=2.0, jitter=0)])
@pytest.mark.parametrize("is_resumed_early", [True, False])
def test_a_pause_while_a_message_waits_for_its_retry_leaves_it_in_its_place(
    topic: str, handled: Handled, *, members: list[Member], retry: Any, is_resumed_early: bool
) -> None:
    failing = {3}
    handled.fails = failing.__contains__
    handled.send(range(10))
    members.append(Member(topic))
    wait_until(Attempt.objects.exists, timeout_s=20)
    failed_at = time.monotonic()
    row = pause(topic)
    wait_until(lambda: not members[0].process._progress.open_partitions)
    failing.clear()
    if not is_resumed_early:
        assert stays(handled, for_s=3.0)  # it is due meanwhile
    resume(row)
    wait_until(lambda: len(handled.numbers()) == 10, timeout_s=20)
    assert handled.numbers() == list(range(10))
    assert handled.at[-1] - failed_at > (1.5 if is_resumed_early else 3.0)


def test_it_stops_soon_while_it_is_paused(
    topic: str, handled: Handled, members: list[Member]
) -> None:
    pause(topic)
    members.append(Member(topic))
    wait_until(lambda: members[0].is_in(topic), timeout_s=20)
    assert members.pop().stop() < 2.0


@pytest.mark.parametrize("partitions", [4])
def test_the_worker_is_told_what_is_open_and_which_part_is_ours(
    topic: str, handled: Handled, members: list[Member], partitions: int
) -> None:
    members.append(Member(topic))
    progress = members[0].process._progress
    wait_until(lambda: len(progress.open_partitions) == 4, timeout_s=20)
    assert progress.shares == {topic: 1.0}
    row = pause(topic, of="partition")
    wait_until(lambda: len(progress.open_partitions) == 3)
    assert (topic, 0) not in progress.open_partitions
    resume(row)
    wait_until(lambda: len(progress.open_partitions) == 4)
    members.append(Member(topic))
    wait_until(lambda: progress.shares == {topic: 0.5}, timeout_s=30)
    assert waybill().control_interval_s == 0.5
