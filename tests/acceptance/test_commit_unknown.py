"""F36: the connection is cut after PostgreSQL has carried out COMMIT: done, and nobody heard."""

from urllib.parse import urlsplit

from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.proxy import Proxy
from tests.waiting import wait_until

EVENTS = 300
CUTS = 3
SMALL = {"fetch_messages": 20, "chunk_messages": 10, "probe_interval_s": 0.2}
COMMIT = b"COMMIT"


def test_a_commit_whose_answer_is_lost_counts(system: System) -> None:
    with Proxy("127.0.0.1", system.stack.postgres.port) as proxy:
        consume_with_cuts(system, proxy)
        system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert len(history.effects) == EVENTS
    # Nothing of a cut chunk ran again: it was looked for, and found.
    assert len(history.trace) == EVENTS


def test_the_checker_catches_a_retry_that_does_not_look_into_the_ledger(system: System) -> None:
    with Proxy("127.0.0.1", system.stack.postgres.port) as proxy:
        consume_with_cuts(system, proxy, broken="a retry does not look into the ledger")
        system.wait_until_recovered()
    found = violations(system.history())
    assert "events with more than one effect" in [each.what for each in found], found


def consume_with_cuts(system: System, proxy: Proxy, *, broken: str = "") -> None:
    """Have a consumer do everything, the answers to some of its commits lost on the way."""
    put_events(system, EVENTS)
    proxy.cut_after(COMMIT, times=CUTS)
    system.consumer(
        waybill=SMALL, broken=broken, variables={"DATABASE_URL": through(proxy, system)}
    ).start()
    wait_until(lambda: proxy.counts.cut == CUTS, timeout_s=60)
    wait_until(lambda: system.effects() >= EVENTS, timeout_s=60)


def through(proxy: Proxy, system: System) -> str:
    """The address of the test's database by way of the proxy."""
    parts = urlsplit(system.database_url)
    login = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{login}@127.0.0.1:{proxy.port}").geturl()
