"""F32: Redis ran the command and its reply is lost: that is "don't know", never "done"."""

from typing import Any

from tests.acceptance.producing import flowing
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.proxy import Proxy
from tests.waiting import wait_until

SMALL = {"fetch_messages": 20, "chunk_messages": 10, "dedupe_retry_s": 0.05}
CUTS = 3
ASKED = b"MGET"


def test_a_lost_reply_of_redis_loses_and_doubles_nothing(system: System, cache: Any) -> None:
    point = "c.marked"  # a mark whose reply was lost counts as one, too: what was done comes again
    with Proxy("127.0.0.1", system.stack.valkey.port) as proxy, flowing(system) as flow:
        consumer = system.mortal_consumer(
            waybill=SMALL,
            variables={"REDIS_URL": f"redis://127.0.0.1:{proxy.port}/0"},
            failpoints=system.failpoint(point, "kill@5-10x3"),
        )
        consumer.start()
        proxy.cut_after(ASKED, times=CUTS)
        wait_until(lambda: proxy.counts.cut == CUTS, timeout_s=30)
        wait_until(cache.dbsize, timeout_s=30)
        proxy.cut_after(is_mark, times=CUTS)
        wait_until(lambda: proxy.counts.cut == 2 * CUTS, timeout_s=30)
        system.wait_for_kills(point, 3)
    system.wait_until_recovered()
    assert violations(system.history()) == []
    assert system.effects() == flow.count


def test_the_checker_catches_a_lost_reply_that_is_read_as_done(system: System, cache: Any) -> None:
    with Proxy("127.0.0.1", system.stack.valkey.port) as proxy:
        with flowing(system):
            system.consumer(
                waybill=SMALL,
                variables={"REDIS_URL": f"redis://127.0.0.1:{proxy.port}/0"},
                broken="a claim in Redis, a lost reply is a no",
            ).start()
            wait_until(system.effects, timeout_s=30)
            proxy.cut_after(b"claimed")
            wait_until(lambda: proxy.counts.cut == 1, timeout_s=30)
        system.wait_until_recovered()
    found = violations(system.history())
    assert "records that a group neither handled nor set aside" in [e.what for e in found], found


def is_mark(piece: bytes) -> bool:
    """Whether a piece begins to write: one script, or a command for each key."""
    return b"EVALSHA" in piece or b"$3\r\nSET\r\n" in piece
