"""Storms: many dead letters at once pause the group durably; people end it."""

from typing import Any

import pytest
from django.db import connection

from events.consuming.storms import _COUNT
from events.models import DeadLetter, Pause
from events.retry import RetryPolicy
from tests.integration.consuming.failing.conftest import Handler

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def failing(handler: Handler, declare: Any) -> None:
    handler.broken = {number: ValueError("bad") for number in range(100)}
    declare(retry=RetryPolicy(max_attempts=1))


@pytest.mark.usefixtures("failing")
def test_so_many_dead_letters_within_the_window_pause_the_group(
    topic: str, send: Any, consume: Any, caplog: pytest.LogCaptureFixture
) -> None:
    send(*range(4))
    consume(storm_letters=5)
    assert not Pause.objects.exists()
    send(4)
    consume(storm_letters=5)
    [pause] = Pause.objects.all()
    assert (pause.group, pause.topic, pause.by, pause.resumed_at) == (topic, "", "waybill", None)
    assert "5 dead letters within 60 s" in pause.reason
    assert any("The group is paused" in each.getMessage() for each in caplog.records)


@pytest.mark.usefixtures("failing")
def test_a_storm_that_people_ended_does_not_count_again(
    topic: str, send: Any, consume: Any
) -> None:
    send(*range(5))
    consume(storm_letters=5)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_pause SET resumed_at = now()")
    send(5)
    consume(storm_letters=5)
    assert DeadLetter.objects.filter(group=topic).count() == 6
    assert Pause.objects.count() == 1


@pytest.mark.usefixtures("failing")
def test_old_letters_are_no_storm_and_none_is_one_where_it_is_off(
    topic: str, send: Any, consume: Any
) -> None:
    send(*range(4))
    consume(storm_letters=5)
    DeadLetter.objects.update(created_at="2026-01-01T00:00:00Z")
    send(4)
    consume(storm_letters=5)
    send(*range(5, 20))
    consume(storm_letters=0)
    assert not Pause.objects.exists()


def test_garbage_counts_too(
    topic: str, handler: Handler, send: Any, declare: Any, consume: Any
) -> None:
    declare(dedupe_key="thing:{missing}")
    send(*range(5))
    consume(storm_letters=5)
    assert Pause.objects.count() == 1


@pytest.mark.parametrize("scope", ["key", "keyless"])
def test_what_waited_beside_its_partition_and_was_done_is_no_dead_letter(
    handler: Handler, send: Any, declare: Any, consume: Any, scope: str
) -> None:
    handler.broken = {99: ValueError("bad")}
    handler.fails_first = 2  # in its chunk, then alone
    declare(retry=RetryPolicy(max_attempts=2, initial_s=0.01, jitter=0, scope="key"))
    for number in range(8):
        send(number, key=None if scope == "keyless" else b"%d" % number)
    consume(storm_letters=5)
    assert sorted(handler.done()) == list(range(8))
    send(99)
    consume(storm_letters=5)
    assert DeadLetter.objects.open().count() == 1
    assert not Pause.objects.exists()


@pytest.mark.usefixtures("failing")
def test_counting_reads_no_older_letters(topic: str, send: Any, consume: Any) -> None:
    send(0)
    consume()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_deadletter (id, "group", topic, partition, "offset", headers,
                source, ce_id, type, dedupe_key, handler, attempts, exception, error, traceback,
                state, created_at, changed_at, reason, result, generation)
            SELECT gen_random_uuid(), "group", topic, partition, number, headers, source, ce_id,
                type, dedupe_key, handler, attempts, exception, error, traceback, state,
                now() - interval '1 hour', changed_at, reason, result, generation
            FROM events_deadletter, generate_series(1, 20000) AS number
            """
        )
        cursor.execute("ANALYZE events_deadletter")
        asked: dict[str, Any] = {"group": topic, "most": 100, "window_s": 60.0}
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {_COUNT}", asked)
        [(plans,)] = cursor.fetchall()
        plan = plans[0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 50
