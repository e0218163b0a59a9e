"""F29, F33: Redis restarts, forgets everything, and has no room: the ledger knows all the same."""

from collections.abc import Callable
from typing import Any

from tests.acceptance.producing import flowing, put_events
from tests.acceptance.remembered import remembered
from tests.acceptance.system import STATIC, System
from tests.checker.history import EventName
from tests.checker.invariants import violations
from tests.waiting import wait_until

EVENTS = 300
SMALL = {"fetch_messages": 20, "chunk_messages": 10}
NO_ROOM = "not allowed when used memory > 'maxmemory'"


def test_a_restart_keeps_the_keys_and_without_them_nothing_is_done_twice(
    system: System, cache: Any
) -> None:
    put_events(system, EVENTS)
    stop_between_mark_and_offset(system, "first", system.stack.valkey.kill)
    assert cache.dbsize() > 0  # the append-only file had them
    stop_between_mark_and_offset(system, "second", cache.flushall)
    assert cache.dbsize() == 0
    forgotten = last_effect(system)
    system.consumer(waybill=SMALL, variables=STATIC).start()
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert system.effects() == EVENTS
    # What came again is remembered again, like what is new.
    for name in (forgotten, last_effect(system)):
        value = remembered(history, group=system.group, name=name)
        assert cache.get(f"{system.group}:{name}") == value


def stop_between_mark_and_offset(system: System, name: str, fault: Callable[[], object]) -> None:
    """Kill a consumer whose last messages are marked in Redis and come again, after the fault."""
    marker = system.directory / f"{name}.marker"
    consumer = system.consumer(
        name,
        waybill={**SMALL, "offset_commit_interval_s": 60.0},
        variables=STATIC,
        failpoints=f"c.marked=wait@5:{marker}",
    )
    consumer.start()
    wait_until(marker.exists, timeout_s=30)
    fault()
    system.stack.valkey.start()
    system.stack.valkey.wait_ready()
    consumer.kill()
    assert system.effects() > EVENTS - system.lag()


def last_effect(system: System) -> EventName:
    """Return the event of the last effect."""
    query = "SELECT source || '|' || ce_id FROM failpoints_effect ORDER BY id DESC LIMIT 1"
    return EventName(*str(system.value(query)).split("|"))


def test_without_room_in_redis_the_ledger_decides(system: System, cache: Any) -> None:
    point = "c.db_committed"
    with flowing(system) as flow:
        cache.config_set("maxmemory", 1)
        consumer = system.mortal_consumer(
            failpoints=system.failpoint(point, "kill@3-6x3"), waybill=SMALL
        )
        consumer.start()
        system.wait_for_kills(point, 3)
        consumer.wait_for_log(NO_ROOM, timeout_s=20)
        assert cache.info("errorstats")["errorstat_OOM"]["count"] > 0
        assert cache.dbsize() == 0
        cache.config_set("maxmemory", 0)
        wait_until(cache.dbsize, timeout_s=20)
    system.wait_until_recovered()
    assert violations(system.history()) == []
    assert system.effects() == flow.count
