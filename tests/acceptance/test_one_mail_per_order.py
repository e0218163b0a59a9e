"""F51: an order is requested twice, by events of different ids: one mail, the second is told."""

import json
from typing import Any

from tests.acceptance.api_client import ApiClient
from tests.acceptance.ordering import (
    GROUP,
    TOPIC,
    is_sent,
    note_accepted,
    order_of,
    ordering,
    place,
    received,
)
from tests.acceptance.system import STATIC, System
from tests.checker.invariants import violations
from tests.waiting import wait_until

SECONDS = "SELECT count(*) FROM events_attempt WHERE result = 'duplicate'"
TOLD = """
    SELECT a.error = 'this key was done by ' || c.source || '/' || c.ce_id FROM events_attempt a
    JOIN events_consumption c ON c.dedupe_key = a.dedupe_key AND c.ce_id <> a.ce_id
"""


def test_an_order_that_is_requested_twice_gets_one_mail(system: System, cache: Any) -> None:
    api = ordering(system)
    sender = system.consumer(group=GROUP, variables=STATIC)
    sender.start()

    # Redis remembers.
    place(system, api, 0)
    wait_until(lambda: is_sent(api, 0), timeout_s=30)
    request_again(system, api, 0)
    wait_until(lambda: system.value(SECONDS) == 1, timeout_s=30)

    # Redis has forgotten.
    cache.flushall()
    request_again(system, api, 0)
    wait_until(lambda: system.value(SECONDS) == 2, timeout_s=30)

    # Both at once.
    assert sender.stop() == 0
    place(system, api, 1)
    request_again(system, api, 1)
    wait_until(lambda: not system.backlog(), timeout_s=20)
    sender.start()
    wait_until(lambda: system.value(SECONDS) == 3, timeout_s=30)
    assert is_sent(api, 1)

    system.wait_until_recovered()
    history = system.history(mails=received(system))
    assert violations(history) == []
    assert len(history.records) == 5
    assert len(history.consumptions) == 2
    assert sorted(map(order_of, system.stack.smtp.mails())) == ["order-0", "order-1"]
    with system.database() as database:
        assert database.execute(TOLD.encode()).fetchall() == [(True,)] * 3


def request_again(system: System, api: ApiClient, number: int) -> None:
    """Publish another event about the same order, as anybody may who has the grant."""
    order_id = f"order-{number}"
    event = {"type": "invoice.requested", "key": order_id, "data": {"order_id": order_id}}
    answer = api.post(f"/api/v1/topics/{TOPIC}/events", json.dumps(event).encode())
    assert answer.status == 202, answer.body
    note_accepted(system, api, answer.json["links"]["self"])
