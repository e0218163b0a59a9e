"""Ids used before are refused whatever runs beside; relays are called after the commit."""

import threading

import psycopg
import pytest
from django.db import connection, transaction

from events.errors import (
    EventIdReused,
)
from events.publishing.outbox import NewEvent, publish, publish_many
from events.publishing.wakeup import CHANNEL
from tests.integration.publishing.outbox_topic import FIELDS, TOPIC, committing, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("declared_topic")]


def test_an_id_used_before_is_refused_and_the_transaction_goes_on() -> None:
    with transaction.atomic():
        publish(TOPIC, id="1", **FIELDS)
    with transaction.atomic():
        with pytest.raises(EventIdReused) as refusal:
            publish(TOPIC, id="1", **FIELDS)
        publish(TOPIC, id="1", source="/another", **FIELDS)
    assert refusal.value.pairs == (("/waybill", "1"),)
    assert stored() == (2, 2)


def test_many_with_one_id_used_before_store_nothing() -> None:
    with transaction.atomic():
        publish(TOPIC, id="2", **FIELDS)
    events = [NewEvent(topic=TOPIC, id=str(n), **FIELDS) for n in range(4)]
    with transaction.atomic():
        with pytest.raises(EventIdReused) as refusal:
            publish_many(events)
        publish(TOPIC, **FIELDS)
    assert refusal.value.pairs == (("/waybill", "2"),)
    assert stored() == (2, 2)


def test_one_id_twice_among_many_is_refused() -> None:
    event = NewEvent(topic=TOPIC, id="1", **FIELDS)
    with transaction.atomic(), pytest.raises(EventIdReused):
        publish_many([event, event])
    assert stored() == (0, 0)


@committing
def test_an_id_in_another_open_transaction_waits_for_its_end(database_url: str) -> None:
    refused: list[object] = []
    with transaction.atomic():
        publish(TOPIC, id="1", **FIELDS)
        other = threading.Thread(target=_publish_in_thread, args=("1", refused))
        other.start()
    other.join(10)
    assert [type(error) for error in refused] == [EventIdReused]
    assert stored() == (1, 1)


def _publish_in_thread(event_id: str, refused: list[object]) -> None:
    try:
        with transaction.atomic():
            publish(TOPIC, id=event_id, **FIELDS)
    except EventIdReused as error:
        refused.append(error)
    finally:
        connection.close()


@committing
def test_relays_are_called_after_the_commit_and_not_before(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        with transaction.atomic():
            publish(TOPIC, **FIELDS)
            assert list(listener.notifies(timeout=0.05)) == []
        assert len(list(listener.notifies(timeout=5, stop_after=1))) == 1
        with transaction.atomic():
            publish(TOPIC, **FIELDS)
            transaction.set_rollback(True)
        assert list(listener.notifies(timeout=0.05)) == []


@committing
def test_calls_are_thinned_out(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        for _ in range(5):
            with transaction.atomic():
                for _ in range(20):
                    publish(TOPIC, **FIELDS)
        calls = list(listener.notifies(timeout=0.1))
    assert 1 <= len(calls) <= 5
