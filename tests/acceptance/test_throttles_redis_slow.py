"""F31: Redis freezes under a web process: throttles wait once, then let everybody through."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.acceptance.api_client import Answer, ApiClient, PublishingClient
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.proxy import Proxy
from tests.waiting import wait_until

DOWN = "requests are not throttled"
BACK = "Redis answers again"
CLIENTS = 4
RETRY_S = 2.0
WATCHED_S = 7.0
CHANGES = json.dumps({"throttle_retry_s": RETRY_S})


class TimedApi(ApiClient):
    """Notes when each event was posted, how long it took, and whether it was counted."""

    def __init__(self, port: int, *, token: str) -> None:
        super().__init__(port, token=token)
        self.seen: list[tuple[float, float, bool]] = []

    def post(self, path: str, body: bytes, *, key: str = "") -> Answer:
        began = time.monotonic()
        answer = super().post(path, body, key=key)
        took_s = time.monotonic() - began
        self.seen.append((began, took_s, "RateLimit" in answer.headers))
        return answer


@pytest.fixture
def proxy(system: System) -> Iterator[Proxy]:
    """Between the web process and Redis, to count how often it asks in vain."""
    with Proxy("127.0.0.1", system.stack.valkey.port) as proxy:
        yield proxy


def test_a_frozen_redis_costs_one_timeout_now_and_then_and_no_answer(
    system: System, proxy: Proxy
) -> None:
    url = f"redis://127.0.0.1:{proxy.port}/1"
    own = {"THROTTLE_REDIS_URL": url, "WEB_WORKERS": "1", "WAYBILL_THROTTLE_PUBLISH": "99999/1m"}
    web = system.web(variables={**own, "WAYBILL_CHANGES": CHANGES})
    for process in (web, system.relay(), system.consumer()):
        process.start()
    ApiClient(system.web_port, token=system.token).wait_until_ready()
    apis = [TimedApi(system.web_port, token=system.token) for _ in range(CLIENTS)]

    with publishing(system, apis) as clients:
        wait_until(lambda: sum(counted(apis)) > 100, timeout_s=60)
        usual_s = worst(apis, since=0.0)
        system.stack.valkey.freeze()
        try:
            began, asked = time.monotonic(), proxy.counts.connections
            web.wait_for_log(DOWN, timeout_s=10)
            wait_until(lambda: time.monotonic() - began > WATCHED_S, timeout_s=2 * WATCHED_S)
            asked = proxy.counts.connections - asked
        finally:
            system.stack.valkey.thaw()
        frozen_s = worst(apis, since=began)
        web.wait_for_log(BACK, timeout_s=10)
        wait_until(lambda: all(api.seen[-1][2] for api in apis))

    assert {answer for client in clients for answer in client.answers} == {202}
    assert frozen_s < usual_s + 1.0
    # Whoever was asking when it froze, then one request each time the breaker tries again.
    assert 1 <= asked <= CLIENTS + WATCHED_S / RETRY_S + 1, asked
    assert web.log.text().count(DOWN) == 1
    assert not all(was_counted for api in apis for _, _, was_counted in api.seen)
    finish(system, effects=sum(client.accepted for client in clients))


@contextmanager
def publishing(system: System, apis: list[TimedApi]) -> Iterator[list[PublishingClient]]:
    clients = [
        PublishingClient(
            api,
            topic=system.topic,
            name=f"client-{number}",
            journal=system.journal,
            every_s=0.02,
        )
        for number, api in enumerate(apis)
    ]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.stop()


def counted(apis: list[TimedApi]) -> list[int]:
    """How many requests of each were counted."""
    return [sum(was_counted for _, _, was_counted in list(api.seen)) for api in apis]


def worst(apis: list[TimedApi], *, since: float) -> float:
    """The longest that a request took."""
    return max(took_s for api in apis for began, took_s, _ in list(api.seen) if began >= since)


def finish(system: System, *, effects: int) -> None:
    wait_until(lambda: system.effects() == effects, timeout_s=30)
    system.wait_until_recovered()
    assert violations(system.history()) == []
