"""F43: two messages of one source and id say different things: the first one counts."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.producing import TYPE, Headers, put_records
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

CONFLICTS = "SELECT count(*) FROM events_attempt WHERE result = 'conflict'"
REFUSED = "A message was refused"
Between = Callable[[Any], object]
FIRST, OTHER = b'{"n": 1}', b'{"n": 2}'


@pytest.mark.parametrize(
    "between",
    [
        pytest.param(lambda _cache: None, id="Redis remembers"),
        pytest.param(lambda cache: cache.flushall(), id="Redis has forgotten"),
    ],
)
def test_another_value_under_the_same_name_is_refused(
    system: System, cache: Any, between: Between
) -> None:
    consumer = system.consumer()
    consumer.start()
    put_records(system, [named(b"one", FIRST)])
    wait_until(lambda: system.effects() == 1, timeout_s=60)
    wait_until(lambda: cache.dbsize() == 1)
    between(cache)
    # A copy of the first is no conflict, and what comes behind is not held up.
    put_records(system, [named(b"one", OTHER), named(b"one", FIRST), named(b"two", FIRST)])
    wait_until(lambda: system.effects() == 2, timeout_s=30)
    finish(system)
    assert REFUSED in consumer.log.text()


def test_the_first_of_two_in_one_batch_counts(system: System) -> None:
    values = (FIRST, OTHER, FIRST)
    put_records(system, [*(named(b"one", each) for each in values), named(b"two", FIRST)])
    system.consumer().start()
    wait_until(lambda: system.effects() == 2, timeout_s=60)
    finish(system)


def named(name: bytes, value: bytes) -> tuple[bytes, bytes, Headers]:
    """A record of this id."""
    headers: Headers = [("ce_type", TYPE), ("ce_source", b"/elsewhere"), ("ce_id", name)]
    return b"key", value, headers


def finish(system: System) -> None:
    """One conflict is told, and the first effect stands."""
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    [conflict] = history.attempts
    assert (conflict.result, conflict.place.offset) == ("conflict", 1)
    assert "with another value" in conflict.error
    assert [each.place.offset for each in history.effects] == [0, 3]
    assert history.dead_letters == ()
