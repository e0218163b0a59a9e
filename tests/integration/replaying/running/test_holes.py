"""What Kafka has lost of a range is named in the report, or taken from the stored events."""

from collections.abc import Callable

import pytest
from django.db import connection

from events.models import Consumption, Event
from tests.audit_rows import a_publication, an_event
from tests.integration.consuming.failing.conftest import TYPE
from tests.integration.replaying.running.conftest import Numbers, counted

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


def test_offsets_in_between_that_hold_nothing_are_gaps(
    numbers: Numbers, remove: Callable[..., None]
) -> None:
    """A replay goes on behind what is removed while it runs."""
    numbers.declare()
    numbers.send(*range(6))
    numbers.consume()
    replay = numbers.ask()
    remove(numbers.topic, before=2)
    assert counted(numbers.run(replay)) == {"done": 4, "absent": 2}


def erase(event: Event) -> None:
    """Empty the value as the audited door for it does."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event DISABLE TRIGGER USER")
        cursor.execute("UPDATE events_event SET value = NULL WHERE id = %s", [event.pk])
        cursor.execute("ALTER TABLE events_event ENABLE TRIGGER USER")
