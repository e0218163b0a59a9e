"""`Prefer: wait=N`: 201 with partition and offset as soon as Kafka has the event, else 202."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client

from events.api.publishing import accepting
from events.api.publishing.waiting import WaitingRoom
from events.conf import Waybill
from events.models import Event, Publication
from events.publishing.relay import Relay
from tests.integration.api.published import TYPE, post
from tests.integration.publishing.stepping import run_until
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = {"type": TYPE, "data": 1}
WAIT = {"Prefer": "wait=20"}
BRIEF = {"Prefer": "wait=1"}


@pytest.fixture
def topic(make_topic: Callable[..., str]) -> str:
    return make_topic(partitions=2)


@pytest.fixture
def relay(waybill_settings: Callable[..., Waybill]) -> Iterator[None]:
    """A relay at work, in a thread of its own."""
    relay, stop = Relay(settings=waybill_settings()), threading.Event()
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()
    relay.close()


def place_of(event: str) -> tuple[int, int]:
    row = Publication.objects.get(event=UUID(event))
    return row.partition, row.offset


@pytest.mark.usefixtures("relay")
def test_an_event_that_kafka_has_in_time_is_answered_with_its_place(
    api: Client, topic: str
) -> None:
    answer = post(api, topic, GOOD, headers=WAIT)
    assert answer.status_code == 201, answer.content
    assert answer["Preference-Applied"] == "wait=20"
    record = answer.json()
    assert answer["Location"] == f"/api/v1/events/{record['id']}"
    assert record["state"] == "published"
    assert (record["partition"], record["offset"]) == place_of(record["id"])


@pytest.mark.usefixtures("relay")
def test_a_batch_is_answered_when_all_of_it_is_there(api: Client, topic: str) -> None:
    batch = [{**GOOD, "key": str(number)} for number in range(50)]
    answer = post(api, topic, batch, headers=WAIT)
    assert answer.status_code == 201, answer.content
    for record in answer.json():
        assert (record["partition"], record["offset"]) == place_of(record["id"])


@pytest.mark.usefixtures("relay")
def test_each_of_a_207_has_its_place(api: Client, topic: str) -> None:
    answer = post(api, topic, [GOOD, {}], query="?atomic=false", headers=WAIT)
    assert (answer.status_code, answer["Preference-Applied"]) == (207, "wait=20")
    stored, refused = answer.json()
    assert (stored["status"], refused["status"]) == (201, 422)
    assert (stored["partition"], stored["offset"]) == place_of(stored["id"])


def test_what_is_not_there_in_time_is_the_same_202(api: Client, topic: str) -> None:
    began = time.monotonic()
    answer = post(api, topic, GOOD, headers=BRIEF)
    assert time.monotonic() - began >= 1.0
    assert answer.status_code == 202
    assert answer.json()["state"] == "accepted"
    assert "Preference-Applied" not in answer
    assert "partition" not in answer.json()


def test_a_repeat_under_a_key_may_wait_again_and_learn_more(
    api: Client, topic: str, waybill_settings: Callable[..., Waybill]
) -> None:
    keyed = {"Idempotency-Key": '"once"'}
    first = post(api, topic, GOOD, headers=keyed | BRIEF)
    assert first.status_code == 202
    relay = Relay(settings=waybill_settings())
    try:
        run_until(relay, Publication.objects.exists)
    finally:
        relay.close()
    again = post(api, topic, GOOD, headers=keyed | WAIT)
    assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
    assert again.json()["id"] == first.json()["id"]
    plain = post(api, topic, GOOD, headers=keyed)
    assert (plain.status_code, plain.content) == (202, first.content)
    assert Event.objects.count() == 1


@contextmanager
def posting(token: str, topic: str) -> Iterator[list[Any]]:
    """Somebody who posts and waits, in a thread."""
    answers: list[Any] = []

    def ask() -> None:
        try:
            client = Client(headers={"Authorization": f"Token {token}"})
            answers.append(post(client, topic, GOOD, headers=WAIT))
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    yield answers
    thread.join()


def test_who_finds_no_seat_is_answered_at_once(
    api: Client, token: str, topic: str, waybill_settings: Callable[..., Waybill]
) -> None:
    waybill_settings(waiting_requests=1)
    room = accepting._waiting_room()
    with posting(token, topic) as first:
        wait_until(lambda: room.waiting == 1)
        began = time.monotonic()
        answer = post(api, topic, GOOD, headers=WAIT)
        assert answer.status_code == 202
        assert time.monotonic() - began < 10.0
        assert first == []
        accepting.close()  # the process is to end: whoever waits has an answer now
    assert [each.status_code for each in first] == [202]
    assert room.waiting == 0


def test_a_database_that_fails_meanwhile_takes_nothing_back(api: Client, topic: str) -> None:
    def fail(execute: Any, sql: str, *rest: Any) -> Any:
        if "events_publication" in sql:
            raise OperationalError("away")
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        answer = post(api, topic, GOOD, headers=WAIT)
    assert answer.status_code == 202
    assert Event.objects.count() == 1


def test_who_waits_holds_no_connection(
    api: Client, topic: str, caller: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a pool (CONN_MAX_AGE 0) the connection is given back between two looks."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    connection.close()
    held: list[bool] = []
    room = WaitingRoom(seats=1)
    monkeypatch.setattr(
        room._closed, "wait", lambda _: held.append(connection.connection is not None)
    )
    with connection.cursor():
        pass
    room.published(["0198c5b2-0000-7000-8000-000000000000"], within_s=0.05)
    assert held
    assert not any(held)


@pytest.mark.parametrize("body", [{}, [{}]])
def test_what_is_refused_is_not_waited_for(api: Client, topic: str, body: object) -> None:
    began = time.monotonic()
    assert post(api, topic, body, headers=WAIT).status_code == 422
    assert time.monotonic() - began < 10.0
