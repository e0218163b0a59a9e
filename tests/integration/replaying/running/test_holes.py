"""What Kafka has lost of a range is named in the report, or taken from the stored events."""

from collections.abc import Callable

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from django.db import connection

from events.conf import kafka_settings
from events.kafka.groups import KafkaGroups
from events.models import Consumption, Event
from tests.audit_rows import a_publication, an_event
from tests.integration.consuming.failing.conftest import TYPE
from tests.integration.replaying.running.conftest import Numbers, counted
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def stored(numbers: Numbers, *offsets: int) -> list[Event]:
    """Events that lay at these offsets, numbered by them, as the relay wrote them."""
    events = []
    for offset in offsets:
        value = b'{"n": %d}' % offset
        event = an_event(topic=numbers.topic, type=TYPE, key="k", value=value)
        a_publication(event, partition=0, offset=offset)
        events.append(event)
    return events


def test_what_was_removed_is_named_with_its_events(
    numbers: Numbers, remove: Callable[..., None]
) -> None:
    numbers.declare()
    numbers.send(*range(6))
    events = stored(numbers, 0, 1)
    numbers.consume()
    numbers.forget(*range(6))
    remove(numbers.topic, before=3)

    replay = numbers.replay()

    assert numbers.handler.calls == [3, 4, 5]
    assert counted(replay) == {"succeeded": 3, "absent": 3}
    [gap] = replay.report["gaps"]
    where = {"topic": numbers.topic, "partition": 0, "from": 0, "to": 3, "offsets": 3}
    assert gap == where | {"events": [str(each.pk) for each in events], "events_count": 2}
    assert not replay.report["gaps_cut"]


def test_what_was_removed_comes_from_the_archive_in_its_order(
    numbers: Numbers, remove: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.replaying.holes.PAGE", 2)  # several looks into one hole
    numbers.declare()
    numbers.send(*range(8))
    first, *rest, erased = stored(numbers, 0, 1, 2, 3, 5)
    erase(erased)
    numbers.consume()
    numbers.forget(*range(8))
    remove(numbers.topic, before=6)

    replay = numbers.replay(from_archive=True)

    assert numbers.handler.calls == [0, 1, 2, 3, 6, 7]
    assert counted(replay) == {"succeeded": 6, "archived": 4, "absent": 2}
    [gap] = replay.report["gaps"]
    assert (gap["from"], gap["to"], gap["events"]) == (4, 6, [str(erased.pk)])
    row = Consumption.objects.get(replay=replay, event=first)
    assert (row.source, row.ce_id, row.offset) == (first.source, first.ce_id, 0)
    assert rest


def test_it_goes_on_behind_what_is_removed_while_it_waits_to_run(
    numbers: Numbers, remove: Callable[..., None]
) -> None:
    numbers.declare()
    numbers.send(*range(6))
    numbers.consume()
    replay = numbers.ask()
    remove(numbers.topic, before=2)
    assert counted(numbers.run(replay)) == {"done": 4, "absent": 2}


def test_marks_of_transactions_and_what_was_aborted_are_absent(numbers: Numbers) -> None:
    """As compaction does, they leave offsets in between that hold no message."""
    numbers.declare()
    numbers.send(0)
    in_transactions(numbers.topic, (1, True), (2, False), (3, True))
    numbers.send(4)
    wait_until(lambda: readable_to(numbers.topic) == 8)  # marks come a little later

    replay = numbers.replay()

    assert numbers.handler.calls == [0, 1, 3, 4]
    assert counted(replay) == {"succeeded": 4, "absent": 4}  # three marks, and an aborted message
    assert sum(gap["offsets"] for gap in replay.report["gaps"]) == 4


def test_a_topic_made_anew_has_nothing_of_the_range(
    numbers: Numbers, kafka_admin: AdminClient
) -> None:
    numbers.declare()
    numbers.send(*range(4))
    numbers.send(*range(4, 6), partition=1)
    numbers.consume()
    replay = numbers.ask()
    made_anew(numbers.topic, admin=kafka_admin)
    numbers.send(7)

    replay = numbers.run(replay)

    assert replay.state == "done"
    assert counted(replay) == {"succeeded": 1, "absent": 5}
    assert 7 in numbers.handler.calls


def test_a_topic_that_is_deleted_has_nothing_more(
    numbers: Numbers, kafka_admin: AdminClient
) -> None:
    numbers.declare()
    numbers.send(*range(4))
    replay = numbers.ask()
    deleted(numbers.topic, admin=kafka_admin)

    replay = numbers.run(replay)

    assert (replay.state, counted(replay)) == ("done", {"absent": 4})


def readable_to(topic: str) -> int:
    """The end of partition 0 for those who read what is committed."""
    return KafkaGroups().standing("nobody", [topic]).partitions[0].end


def in_transactions(topic: str, *messages: tuple[int, bool]) -> None:
    """Write numbers in a transaction each, which is committed or aborted."""
    producer = Producer({**kafka_settings("producer"), "transactional.id": topic})
    producer.init_transactions(10)
    for number, is_kept in messages:
        producer.begin_transaction()
        producer.produce(
            topic, b'{"n": %d}' % number, b"k", 0, headers=[("ce_type", TYPE.encode())]
        )
        assert producer.flush(10) == 0
        (producer.commit_transaction if is_kept else producer.abort_transaction)(10)


def made_anew(topic: str, *, admin: AdminClient) -> None:
    """Delete the topic and make another of its name."""
    deleted(topic, admin=admin)
    for future in admin.create_topics([NewTopic(topic, 2, 1)]).values():
        future.result(10)
    wait_until(lambda: topic in admin.list_topics(timeout=5).topics)


def deleted(topic: str, *, admin: AdminClient) -> None:
    """Delete the topic."""
    for future in admin.delete_topics([topic]).values():
        future.result(10)
    wait_until(lambda: topic not in admin.list_topics(timeout=5).topics)


def erase(event: Event) -> None:
    """Empty the value as the audited door for it does."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event DISABLE TRIGGER USER")
        cursor.execute("UPDATE events_event SET value = NULL WHERE id = %s", [event.pk])
        cursor.execute("ALTER TABLE events_event ENABLE TRIGGER USER")
