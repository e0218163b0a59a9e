"""GET /api/v1/events/{id}: the waybill, described, in few queries, the same as on a terminal."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from events.models import Event, Replay
from tests.audit_rows import (
    a_consumption,
    a_dead_letter,
    a_publication,
    an_attempt,
    an_event,
    an_outbox_entry,
    at,
)
from tests.integration.api.test_answers_described import described
from tests.integration.auditing.replay_rows import a_replay, forced

pytestmark = pytest.mark.django_db


@pytest.fixture
def replay() -> Replay:
    return a_replay(mode="force", state="running", finished_at=None)


@pytest.fixture
def event(replay: Replay) -> Event:
    event = an_event(key="10\x1b[2J\x7f\u202e42")
    a_publication(event)
    a_consumption(event, outcome="dead_lettered")
    an_attempt(event)
    a_dead_letter(event)
    an_outbox_entry(event, cause="republish")
    forced(replay, event, first_at=at(101), finished_at=at(102))
    an_attempt(event, generation=replay.pk, after_s=101)
    return event


def test_it_is_as_described_with_the_replays_that_ran_it(
    api: Client, event: Event, replay: Replay
) -> None:
    answer = api.get(f"/api/v1/events/{event.pk}")

    assert answer.status_code == 200
    told = answer.json()
    described("/api/v1/events/{event_id}", "get", 200).validate(told)
    assert told["replays"] == [
        {
            "id": str(replay.pk),
            "group": "notifications",
            "mode": "force",
            "state": "running",
            "by": "ann",
            "reason": "the template was wrong",
            "requested_at": "2026-03-01T12:01:40.000000Z",
            "finished_at": None,
        }
    ]
    for rows in ("consumptions", "attempts"):
        own, again = told[rows]
        assert (own["generation"], own["replay"]) == (None, None)
        assert (again["generation"], again["replay"]) == (str(replay.pk), str(replay.pk))
    [letter] = told["dead_letters"]
    assert (letter["generation"], letter["replay"]) == (None, None)
    assert "replayed" in {entry["kind"] for entry in told["timeline"]}


def test_a_missing_replay_ran_it_in_the_generation_of_the_group(api: Client) -> None:
    event, replay = an_event(), a_replay()
    a_consumption(event, replay=replay)

    [row] = api.get(f"/api/v1/events/{event.pk}").json()["consumptions"]

    assert (row["generation"], row["replay"]) == (None, str(replay.pk))


def test_it_takes_seven_queries_and_one_to_know_the_caller(
    api: Client, event: Event, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1 + 7):
        assert api.get(f"/api/v1/events/{event.pk}").status_code == 200


def test_a_terminal_is_told_the_same_for_machines(api: Client, event: Event) -> None:
    out = StringIO()
    call_command("traceevent", str(event.pk), "--json", stdout=out)

    text = out.getvalue()
    assert json.loads(text) == api.get(f"/api/v1/events/{event.pk}").json()
    assert text.isascii()
    assert all(char.isprintable() or char == "\n" for char in text)
