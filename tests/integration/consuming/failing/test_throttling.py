"""A subscription's rate: its handler is called no more often; nothing is lost or reordered."""

import time
from typing import Any

import pytest

from events.models import Attempt
from tests.integration.consuming.failing.conftest import Handler

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("effect", ["database", "external"])
def test_a_handler_runs_no_more_often_than_its_rate(
    handler: Handler, send: Any, declare: Any, consume: Any, effect: str
) -> None:
    declare(rate="20/1s", effect=effect)
    send(*range(40))
    began = time.monotonic()
    consume()
    took_s = time.monotonic() - began
    assert handler.done() == list(range(40))
    # One is there at the beginning, the others come back evenly.
    assert took_s >= 39 / 20 - 0.1
    assert not Attempt.objects.exists()
