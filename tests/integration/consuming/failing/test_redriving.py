"""Redriving: a letter goes back through its group's inbox, on the same ledger row, once."""

from typing import Any

import pytest

from events.consuming.subscriptions import unsubscribe
from events.models import Attempt, ClosedKey, Consumption, DeadLetter
from events.retry import RetryPolicy
from tests.integration.consuming.failing.conftest import FAST, TYPE, Handler, redrive
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def letter(handler: Handler, send: Any, declare: Any, consume: Any) -> DeadLetter:
    handler.broken = {1: ValueError("bad")}
    declare()
    send(1, 2)
    consume()
    return DeadLetter.objects.get()


def test_mended_it_is_done_once(handler: Handler, letter: DeadLetter, consume: Any) -> None:
    handler.broken = {}
    redrive()
    consume()
    letter.refresh_from_db()
    assert (letter.state, letter.result) == ("redriven", "done")
    row = Consumption.objects.get(dedupe_key="thing:1")
    assert (row.outcome, row.attempts) == ("succeeded", 1)
    assert row.redriven_at is not None
    assert handler.done() == [2, 1]
    DeadLetter.objects.update(state="redriving")  # by mistake
    consume()
    assert handler.done() == [2, 1]
    letter.refresh_from_db()
    assert letter.result.startswith("done already by kafka:")


def test_broken_still_it_is_tried_by_the_policy_and_gets_a_child(
    handler: Handler, letter: DeadLetter, consume: Any
) -> None:
    redrive()
    consume()
    child = DeadLetter.objects.open().get()
    letter.refresh_from_db()
    assert (child.parent, child.attempts) == (letter, FAST.max_attempts)
    assert (letter.state, letter.result) == ("redriven", f"failed again: {child.pk}")
    numbers = Attempt.objects.order_by("id").values_list("number", "result")
    assert list(numbers) == [(1, "failed"), (2, "failed")] * 2
    handler.broken = {}
    redrive()
    consume()
    assert handler.done() == [2, 1]


def test_the_age_that_a_policy_allows_counts_from_the_redrive(
    handler: Handler, letter: DeadLetter, declare: Any, topic: str, consume: Any
) -> None:
    unsubscribe(topic, group=topic, type=TYPE)
    declare(retry=RetryPolicy(max_attempts=3, initial_s=0.01, jitter=0, max_age_s=60))
    Consumption.objects.update(first_at="2026-01-01T00:00:00Z")
    redrive()
    consume()
    assert DeadLetter.objects.open().get().attempts == 3


@pytest.fixture
def discarded(topic: str, send: Any, declare: Any, consume: Any) -> None:
    """A message that could not be decoded was discarded; the group has no handler now."""
    declare(dedupe_key="thing:{missing}")
    send(1)
    consume()
    DeadLetter.objects.update(state="discarded")
    unsubscribe(topic, group=topic, type=TYPE)


@pytest.mark.usefixtures("discarded")
@pytest.mark.parametrize("scope", ["partition", "key"])
def test_what_was_dealt_with_and_fails_anew_waits_for_people_anew(
    handler: Handler, declare: Any, consume: Any, scope: Any
) -> None:
    declare(retry=RetryPolicy(max_attempts=2, initial_s=0.01, jitter=0, scope=scope))
    handler.broken = {1: ValueError("bad")}
    consume(from_beginning=True)
    assert DeadLetter.objects.open().get().error == "bad"
    assert Consumption.objects.get().outcome == "dead_lettered"


def test_a_letter_of_a_key_that_people_paused_waits_for_its_release(
    handler: Handler, topic: str, letter: DeadLetter, consume: Any
) -> None:
    handler.broken = {}
    key = ClosedKey.objects.create(
        group=topic, topic=topic, key=b"k", cause="paused", by="ada", closed_at=letter.created_at
    )
    redrive()
    consume()
    assert handler.done() == [2]
    ClosedKey.objects.filter(pk=key.pk).update(released_at=letter.created_at)
    consume()
    assert handler.done() == [2, 1]


def test_while_a_letter_waits_for_its_retry_the_partition_flows(
    handler: Handler, send: Any, declare: Any, member: Any
) -> None:
    handler.broken = {1: ValueError("bad")}
    slow = RetryPolicy(max_attempts=30, initial_s=0.3, factor=1.0, jitter=0)
    declare(retry_on={OSError: slow}, retry=RetryPolicy(max_attempts=1))
    member()
    send(1)
    wait_until(lambda: DeadLetter.objects.open().exists())
    handler.broken = {1: OSError("away")}
    redrive()
    wait_until(lambda: Attempt.objects.filter(error__contains="away").exists())
    send(2, 3)
    wait_until(lambda: handler.done() == [2, 3])
    handler.broken = {}
    wait_until(lambda: handler.done() == [2, 3, 1])


def test_what_cannot_be_decoded_comes_back_as_a_child(
    handler: Handler, send: Any, declare: Any, consume: Any
) -> None:
    declare(dedupe_key="thing:{missing}")
    send(1)
    consume()
    first = DeadLetter.objects.get()
    redrive()
    consume()
    first.refresh_from_db()
    child = DeadLetter.objects.open().get()
    assert (first.state, child.parent) == ("redriven", first)
    assert "missing" in child.error


def test_an_edited_letter_is_a_child_that_runs_with_its_own_bytes(
    handler: Handler, topic: str, send: Any, declare: Any, consume: Any
) -> None:
    declare(dedupe_key="thing:{n}")
    handler.broken = {1: ValueError("bad")}
    send(1)
    consume()
    first = DeadLetter.objects.get()
    handler.broken = {}
    child = DeadLetter.objects.get()
    child.pk, child.parent, child.value, child.state = None, first, b'{"n":1}', "redriving"
    child.pk = DeadLetter._meta.pk.get_default()
    child.save(force_insert=True)
    consume()
    child.refresh_from_db()
    assert (child.state, child.result) == ("redriven", "done")
    assert handler.done() == [1]


def test_a_letter_of_a_type_that_nobody_takes_any_more_goes_back_to_people(
    handler: Handler, letter: DeadLetter, consume: Any
) -> None:
    DeadLetter.objects.update(headers=[["ce_type", "Z29uZS5ub3c="]])
    redrive()
    consume()
    letter.refresh_from_db()
    assert letter.state == "open"
    assert letter.result.startswith("not run: no handler")


def test_a_key_that_another_event_did_meanwhile_is_not_done_again(
    handler: Handler, letter: DeadLetter, consume: Any
) -> None:
    Consumption.objects.filter(dedupe_key="thing:1").update(outcome="succeeded", ce_id="else")
    redrive()
    consume()
    letter.refresh_from_db()
    assert letter.state == "redriven"
    assert letter.result.endswith("/else")
    assert handler.done() == [2]


def test_letters_run_in_partitions_that_were_away_and_came_back(
    handler: Handler, send: Any, declare: Any, consume: Any, member: Any
) -> None:
    handler.broken = {1: ValueError("bad"), 2: ValueError("bad")}
    declare(retry=RetryPolicy(max_attempts=1), effect="external")
    member()
    send(1, partition=0)
    send(2, partition=1)
    wait_until(lambda: DeadLetter.objects.open().count() == 2)
    consume()  # joins the group, and leaves it
    handler.broken = {}
    redrive()
    wait_until(lambda: not DeadLetter.objects.exclude(state="redriven").exists(), timeout_s=20)
    assert sorted(handler.done()) == [1, 2]
