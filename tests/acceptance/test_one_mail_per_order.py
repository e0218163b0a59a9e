"""F51: an order is requested twice, by events of different ids: one mail, the second is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.api_client import ApiClient
from tests.acceptance.ordering import (
    GROUP,
    TOPIC,
    is_sent,
    note_accepted,
    ordering,
    place,
    received,
)
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

DUPLICATES = "SELECT count(*) FROM events_attempt WHERE result = 'duplicate'"
REASON = "SELECT error FROM events_attempt WHERE result = 'duplicate'"
FIRST = "SELECT source || '/' || ce_id FROM events_event ORDER BY accepted_at LIMIT 1"
Remembering = Callable[[Any], object]


@pytest.mark.parametrize(
    "forget",
    [
        pytest.param(lambda _cache: None, id="Redis remembers"),
        pytest.param(lambda cache: cache.flushall(), id="Redis has forgotten"),
    ],
)
def test_a_second_request_for_an_order_sends_nothing(
    system: System, cache: Any, forget: Remembering
) -> None:
    api = ordering(system)
    system.consumer(group=GROUP).start()
    place(system, api, 0)
    wait_until(lambda: is_sent(api, 0), timeout_s=30)
    forget(cache)
    request_again(system, api)
    finish(system)


def test_two_requests_at_once_send_one_mail(system: System) -> None:
    api = ordering(system)
    place(system, api, 0)
    request_again(system, api)
    wait_until(lambda: not system.backlog(), timeout_s=20)
    system.consumer(group=GROUP).start()
    wait_until(lambda: is_sent(api, 0), timeout_s=30)
    finish(system)


def request_again(system: System, api: ApiClient) -> None:
    """Publish another event about the same order, as anybody may who has the grant."""
    event = {"type": "invoice.requested", "key": "order-0", "data": {"order_id": "order-0"}}
    answer = api.post(f"/api/v1/topics/{TOPIC}/events", json.dumps(event).encode())
    assert answer.status == 202, answer.body
    note_accepted(system, api, answer.json["links"]["self"])


def finish(system: System) -> None:
    """One mail, and the second event is told as what it is."""
    wait_until(lambda: system.value(DUPLICATES) == 1, timeout_s=30)
    system.wait_until_recovered()
    history = system.history(mails=received(system))
    assert violations(history) == []
    assert len(history.records) == 2
    assert len(history.mails) == 1
    assert len(history.consumptions) == 1
    assert system.value(REASON) == f"this key was done by {system.value(FIRST)}"
