"""Letters and what comes from Kafka share one worker: neither keeps the other from its turn."""

from typing import Any

import pytest

from events.models import DeadLetter
from events.retry import RetryPolicy
from tests.integration.consuming.failing.conftest import Handler, redrive
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_many_letters_handed_back_do_not_stop_what_comes_from_kafka(
    handler: Handler,
    send: Any,
    declare: Any,
    consume: Any,
    member: Any,
) -> None:
    handler.broken = {number: ValueError("bad") for number in range(200)}
    declare(retry=RetryPolicy(max_attempts=1))
    send(*range(200))
    consume(storm_letters=0)
    handler.broken = {}
    handler.takes_s = 0.05
    redrive()
    member(storm_letters=0)
    # By now a poll of the idle consumer has ended: it knows that its worker runs letters.
    wait_until(lambda: len(handler.done()) > 30)
    send(1000, key=b"other")
    wait_until(lambda: 1000 in handler.done(), timeout_s=30)
    assert DeadLetter.objects.filter(state="redriving").exists()
