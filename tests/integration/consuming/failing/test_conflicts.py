"""Conflicts (F43): one source and id, two values: the first counts, the second is told."""

from typing import Any

import pytest
from django_redis import get_redis_connection

from events.models import Attempt, Consumption
from tests.integration.consuming.failing.conftest import Handler

pytestmark = pytest.mark.django_db(transaction=True)

HEADERS = (("ce_source", b"/shop"), ("ce_id", b"1"))


@pytest.mark.parametrize("redis_remembers", [True, False])
def test_the_second_value_is_refused_and_told(
    handler: Handler, send: Any, declare: Any, consume: Any, redis_remembers: bool
) -> None:
    declare(dedupe_key=None)
    send(1, headers=HEADERS)
    consume()
    if not redis_remembers:
        get_redis_connection("dedupe").flushdb()
    send(2, headers=HEADERS)
    send(1, headers=HEADERS)  # a plain copy leaves no row
    consume()
    assert handler.done() == [1]
    attempt = Attempt.objects.get()
    assert (attempt.result, attempt.number) == ("conflict", 0)
    assert "another value" in attempt.error
    assert Consumption.objects.get().outcome == "succeeded"


def test_both_in_one_batch_are_told_apart(
    handler: Handler, send: Any, declare: Any, consume: Any
) -> None:
    declare(dedupe_key=None)
    send(1, 2, headers=HEADERS)
    consume()
    assert handler.done() == [1]
    assert Attempt.objects.get().result == "conflict"


def test_what_redis_remembers_from_before_there_were_hashes_is_no_conflict(
    topic: str, send: Any, declare: Any, consume: Any, dedupe_redis: Any
) -> None:
    declare(dedupe_key=None)
    dedupe_redis.set(f"{topic}:/shop/1", f"{topic}|/shop/1")
    send(1, headers=HEADERS)
    consume()
    assert not Attempt.objects.exists()
