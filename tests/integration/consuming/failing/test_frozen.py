"""A process that was frozen goes on with what it had fetched: the order per key stands."""

from typing import Any

import pytest

from events.consuming.assembly import ConsumerProcess
from events.consuming.inbox import Inbox
from events.consuming.letter_record import record_of
from events.kafka.record import Record
from events.models import DeadLetter
from tests.integration.consuming.failing.conftest import TYPE, Handler, held, release

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["database", "external"])
def frozen(
    topic: str, declare: Any, waybill_settings: Any, dedupe_redis: Any, request: Any
) -> Inbox:
    """The inbox of a process that has had the partition, and knows of no closed key."""
    declare(on_exhausted="quarantine", effect=request.param)
    inbox = ConsumerProcess(group=topic, settings=waybill_settings())._worker._inbox
    headers = (("ce_type", TYPE.encode()),)
    inbox.apply([Record(topic, 0, 100, b"other", b'{"n": 100}', headers, None)])
    return inbox


def test_it_does_not_run_what_is_held_behind_a_quarantined_message(
    handler: Handler, send: Any, consume: Any, frozen: Inbox
) -> None:
    handler.broken = {1: ValueError("bad")}
    send(1, 2, 3)
    consume()
    assert held() == [2, 3]
    frozen.apply([record_of(each) for each in DeadLetter.objects.order_by("offset")])
    assert handler.done() == [100]
    assert held() == [2, 3]
    handler.broken = {}
    release()
    consume()
    assert handler.done() == [100, 1, 2, 3]
