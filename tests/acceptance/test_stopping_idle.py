"""F22: a consumer that has nothing in hand is told to stop, whatever is away at that moment."""

import signal
import time
from collections.abc import Callable

import pytest

from local.processes import ManagedProcess
from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.waiting import wait_until

WITHIN_S = 2.0
EVENTS = 5
_PAUSE = (
    'INSERT INTO events_pause (id, "group", topic, by, reason, paused_at, resumed_by) '
    "VALUES (gen_random_uuid(), '{group}', '', 'somebody', '', now(), '') RETURNING 1"
)


def nothing(system: System) -> None:
    """Leave all as it is."""


def pause(system: System) -> None:
    system.value(_PAUSE.format(group=system.group))


def kill_kafka(system: System) -> None:
    system.stack.kafka.kill()


def freeze_kafka(system: System) -> None:
    system.stack.kafka.freeze()


def kill_postgres(system: System) -> None:
    system.stack.postgres.kill()


@pytest.mark.parametrize("first", [nothing, pause, kill_kafka, freeze_kafka, kill_postgres])
def test_it_ends_within_two_seconds(
    system: System, first: Callable[[System], None], request: pytest.FixtureRequest
) -> None:
    consumer = started(system)
    first(system)
    if first is freeze_kafka:
        request.addfinalizer(system.stack.kafka.thaw)
    # Long enough for it to notice.
    until = time.monotonic() + 3.0
    wait_until(lambda: time.monotonic() > until)
    took_s = stopped_in(consumer)
    assert took_s < WITHIN_S, took_s
    assert "Traceback" not in consumer.log.text()


def started(system: System) -> ManagedProcess:
    """Return a consumer that has done all there was, with its offsets committed."""
    put_events(system, EVENTS)
    consumer = system.consumer()
    consumer.start()
    wait_until(lambda: system.effects() == EVENTS, timeout_s=60)
    wait_until(lambda: system.lag() == 0, timeout_s=30)
    return consumer


def stopped_in(consumer: ManagedProcess) -> float:
    """Tell it to stop; return how long it took to end with exit code 0, in seconds."""
    since = time.monotonic()
    consumer.signal(signal.SIGTERM)
    assert consumer.wait_exit(15) == 0
    return time.monotonic() - since
