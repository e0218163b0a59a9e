"""F31: Redis is frozen, paused, far away: asked once a second or two, it costs little more."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.acceptance.producing import flowing
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.proxy import Proxy
from tests.waiting import wait_until

DOWN = "Redis does not answer"
BACK = "Redis answers again"
SMALL = {"fetch_messages": 20, "chunk_messages": 10}
# Without the breaker each batch would wait for three timeouts: seven messages a second.
FLOOR_PER_S = 15
WINDOW_S = 2.5
PAUSE_MS = 5_000
TIMEOUT_S = RETRY_S = 1.0


def test_a_slow_redis_costs_one_timeout_now_and_then(system: System, cache: Any) -> None:
    with (
        Proxy("127.0.0.1", system.stack.valkey.port) as proxy,
        flowing(system) as flow,
    ):
        consumer = system.consumer(
            waybill=SMALL, variables={"REDIS_URL": f"redis://127.0.0.1:{proxy.port}/0"}
        )
        consumer.start()
        wait_until(cache.dbsize, timeout_s=30)
        for fault in (frozen, paused, far_away):
            said = consumer.log.size()
            with fault(system, proxy, cache):
                consumer.wait_for_log(DOWN, timeout_s=10, since=said)
                rate, asked = pace(system, proxy)
            assert rate > FLOOR_PER_S, (fault.__name__, rate)
            assert asked <= WINDOW_S / (TIMEOUT_S + RETRY_S) + 1, (fault.__name__, asked)
            consumer.wait_for_log(BACK, timeout_s=10, since=said)
            assert consumer.log.text(since=said).count(DOWN) == 1
        assert proxy.counts.delayed > 0
        flow.stop()
        system.wait_until_recovered()
    assert violations(system.history()) == []
    assert system.effects() == flow.count


def pace(system: System, proxy: Proxy) -> tuple[float, int]:
    """Watch for a while: how many messages a second are done, how often Redis is asked.

    After a timeout the client connects anew: its connections are its questions.
    """
    asked, done, began = proxy.counts.connections, system.effects(), time.monotonic()
    wait_until(lambda: time.monotonic() - began > WINDOW_S)
    rate = (system.effects() - done) / (time.monotonic() - began)
    return rate, proxy.counts.connections - asked


@contextmanager
def frozen(system: System, _proxy: Proxy, _cache: Any) -> Iterator[None]:
    """Stop the process."""
    system.stack.valkey.freeze()
    try:
        yield
    finally:
        system.stack.valkey.thaw()


@contextmanager
def paused(system: System, _proxy: Proxy, cache: Any) -> Iterator[None]:
    """Have it hold every command; only time ends that."""
    cache.client_pause(PAUSE_MS)
    yield
    system.stack.valkey.wait_ready()


@contextmanager
def far_away(_system: System, proxy: Proxy, _cache: Any) -> Iterator[None]:
    """Have each answer take three seconds."""
    proxy.delay(3.0, "to_client")
    try:
        yield
    finally:
        proxy.pass_on()
