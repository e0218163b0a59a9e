"""F30: Redis is not there at the start, and goes away for seconds under load."""

from typing import Any

from tests.acceptance.remembered import remembered
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

DOWN = "Redis does not answer"
BACK = "Redis answers again"


def test_without_redis_the_ledger_decides(system: System, cache: Any) -> None:
    valkey = system.stack.valkey
    valkey.kill()
    load = system.load()
    load.start()
    system.relay().start()
    point = "c.db_committed"  # what was done and is in nobody's memory comes again
    consumer = system.mortal_consumer(failpoints=system.failpoint(point, "kill@5-15x2"))
    consumer.start()
    system.wait_for_kills(point, 2)
    wait_for_effects(system, 50)
    valkey.start()
    consumer.wait_for_log(BACK, timeout_s=20)

    said = consumer.log.size()
    valkey.kill()
    consumer.wait_for_log(DOWN, timeout_s=20, since=said)
    wait_for_effects(system, 500)
    valkey.start()
    valkey.wait_ready()
    consumer.wait_for_log(BACK, timeout_s=20, since=said)
    wait_for_effects(system, 50)

    assert load.stop() == 0
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert consumer.log.text(since=said).count(DOWN) == 1
    last = history.effects[-1].name
    key = f"{system.group}:{last}"
    assert cache.get(key) == remembered(history, group=system.group, name=last)


def wait_for_effects(system: System, more: int) -> None:
    """Wait until so many more messages are done: the load makes a hundred a second."""
    wanted = system.effects() + more
    wait_until(lambda: system.effects() >= wanted, timeout_s=45, every_s=0.1)
