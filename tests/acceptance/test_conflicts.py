"""F35: deadlock, serialization failure, lock timeout: the unit runs again, with one effect."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import psycopg
import pytest

from events.consuming.retrying import MAX_CONFLICTS
from local.processes import ManagedProcess
from tests.acceptance.api_client import ApiClient
from tests.acceptance.keyed_request import REPLAYED, KeyedRequest
from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.checker import durable_lines
from tests.checker.collecting import Connection
from tests.checker.invariants import violations
from tests.waiting import wait_until

EVENTS = 20
HANDLER = "c.handler"
DEADLOCK = "deadlock detected"
NOT_SERIALIZABLE = "could not serialize access"
LOCK_TIMEOUT = "canceling statement due to lock timeout"
# The note of what is in hand, which the open chunk deletes at its end.
TAKE_THE_NOTE = "UPDATE events_inhand SET since = since"
_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
Said = Callable[[str], int]


@pytest.fixture
def said(system: System) -> Said:
    """How often PostgreSQL has said something since the test began."""
    log = system.stack.postgres.log
    began = log.size()
    return lambda text: log.text(since=began).count(text)


def test_a_deadlock_costs_the_consumer_another_run(system: System, said: Said) -> None:
    hold_a_chunk(system)
    with session(system) as other:
        other.execute(TAKE_THE_NOTE)
        system.release(HANDLER)
        wait_until(lambda: system.value(_WAITING) == 1, every_s=0.01)
        # Each now waits for the other. Who waited first is told to give up: the consumer.
        other.execute("LOCK TABLE failpoints_effect IN SHARE MODE")
    assert said(DEADLOCK) == 1
    finish(system, runs=2)


def test_a_serialization_failure_costs_the_consumer_another_run(
    system: System, said: Said
) -> None:
    hold_a_chunk(system, options=r"-c default_transaction_isolation=repeatable\ read")
    with session(system) as other:
        other.execute(TAKE_THE_NOTE)
        other.commit()
    system.release(HANDLER)
    finish(system, runs=2)
    assert said(NOT_SERIALIZABLE) == 1


def test_a_conflict_that_does_not_pass_ends_the_process_after_some_tries(
    system: System, said: Said
) -> None:
    consumer = hold_a_chunk(system, options="-c lock_timeout=50ms")
    with session(system) as other:
        other.execute(TAKE_THE_NOTE)
        system.release(HANDLER)
        assert consumer.wait_exit(60) == 1
    assert said(LOCK_TIMEOUT) == 1 + MAX_CONFLICTS
    assert system.effects() == 0
    consumer.start()
    finish(system, runs=2)


def test_a_locked_outbox_is_told_to_callers_and_waited_for_by_the_relay(
    system: System, said: Said
) -> None:
    system.publish(EVENTS)
    request = KeyedRequest(system, key="locked")
    web = system.web(variables=database(system, "-c lock_timeout=200ms"))
    relay = system.relay()
    with session(system) as other:
        other.execute("LOCK TABLE events_outboxentry IN SHARE MODE")
        for process in (web, relay, system.consumer()):
            process.start()
        ApiClient(system.web_port, token=system.token).wait_until_ready()
        refused = request.send()
        assert (refused.status, refused.headers["Retry-After"]) == (503, "2")
        relay.wait_for_log("PostgreSQL does not answer as it should", timeout_s=30)
        assert said(LOCK_TIMEOUT) >= 2
    answer = request.send_until_answered()
    assert answer.status == 202
    assert REPLAYED not in answer.headers
    request.note_accepted(answer)
    wait_until(lambda: system.effects() == EVENTS + 1, timeout_s=30)
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert len(history.records) == EVENTS + 1  # the relay kept its session: no copies
    assert request.stored() == 1


def hold_a_chunk(system: System, *, options: str = "") -> ManagedProcess:
    """Start a consumer that stands still in a handler, its chunk's transaction open."""
    put_events(system, EVENTS)
    consumer = system.consumer(
        failpoints=system.failpoint(HANDLER, "wait@5"), variables=database(system, options)
    )
    consumer.start()
    wait_until(lambda: system.reached(HANDLER) == 1, timeout_s=60)
    return consumer


def database(system: System, options: str) -> dict[str, str]:
    """The environment of a process with settings of its own in PostgreSQL."""
    url = system.database_url
    return {"DATABASE_URL": f"{url}?options={quote(options)}"} if options else {}


@contextmanager
def session(system: System) -> Iterator[Connection]:
    """Another session, in a transaction that is rolled back at the end."""
    with psycopg.connect(system.database_url) as connection:
        yield connection
        connection.rollback()


def finish(system: System, *, runs: int) -> None:
    """Everything is done once, though the held chunk ran more often."""
    wait_until(lambda: system.effects() == EVENTS, timeout_s=30)
    system.wait_until_recovered()
    first = [each["id"] for each in durable_lines.read(system.trace)].count("000000")
    assert first == runs
    assert system.effects() == EVENTS
    assert violations(system.history()) == []
