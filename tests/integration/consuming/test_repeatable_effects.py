"""Effects that may be repeated: a failure in them is a failure, and nothing is unknown."""

from typing import Any

import pytest
from django.db import connection

from events.errors import EffectUnknown
from events.event import ReceivedEvent
from events.models import Attempt, Consumption, DeadLetter
from tests.integration.consuming.external_rows import Sent

pytestmark = pytest.mark.django_db(transaction=True)


def failing(sent: Sent, error: Exception, *, until_attempt: int) -> Any:
    def handle(event: ReceivedEvent) -> None:
        def take(raw: bytes | None) -> None:
            sent.append((event.id, raw))
            if event.attempt < until_attempt:
                raise error

        payload = f"rendered in attempt {event.attempt}".encode()
        event.perform(take, reference="<1>", payload=payload, repeatable=True)

    return handle


@pytest.mark.parametrize("error", [EffectUnknown("cut"), ConnectionResetError("cut")])
@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_what_is_raised_in_it_is_tried_again_with_the_same_bytes(
    send: Any, declare: Any, consume: Any, error: Exception, policy: str
) -> None:
    sent: Sent = []
    declare(failing(sent, error, until_attempt=3), on_unknown=policy)
    send(1)
    consume()
    assert sent == [("0:0", b"rendered in attempt 1")] * 3
    row = Consumption.objects.get()
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 3, 0)
    assert row.effect_began_at is None
    results = Attempt.objects.order_by("id").values_list("result", flat=True)
    assert list(results) == ["failed", "failed", "succeeded"]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(EffectUnknown("cut"), "unknown"), (ConnectionResetError("cut"), "dead_lettered")],
)
def test_only_a_last_attempt_that_says_so_is_unknown(
    send: Any, declare: Any, consume: Any, error: Exception, outcome: str
) -> None:
    declare(failing([], error, until_attempt=99))
    send(1)
    consume()
    row = Consumption.objects.get()
    assert (row.outcome, row.attempts) == (outcome, 3)
    assert row.unknown_count == (outcome == "unknown")
    assert DeadLetter.objects.count() == (outcome == "dead_lettered")


def test_a_database_lost_in_it_repeats_it_with_the_same_bytes(
    send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []
    runs: list[int] = []

    def handle(event: ReceivedEvent) -> None:
        runs.append(event.attempt)

        def take(raw: bytes | None) -> None:
            sent.append((event.id, raw))
            if len(runs) == 1:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        event.perform(take, payload=b"run %d" % len(runs), repeatable=True)

    declare(handle)
    send(1)
    consume()
    assert sent == [("0:0", b"run 1")] * 2
    row = Consumption.objects.get()
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 1, 0)
