"""External effects when a service, the database or the handler fails around them."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from events.errors import ServiceUnavailable
from events.event import ReceivedEvent
from events.models import Attempt, Consumption
from tests.integration.consuming.external_rows import Sent, left_behind, sender

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_service_that_is_away_counts_nothing(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []
    tries: list[int] = []

    def wait_for_it(event: ReceivedEvent) -> None:
        tries.append(event.attempt)
        if len(tries) < 6:
            raise ServiceUnavailable("SMTP")
        sender(sent)(event)

    declare(wait_for_it)
    send(1)
    consume()
    assert tries == [1] * 6
    assert len(sent) == 1
    assert Consumption.objects.get().attempts == 1
    assert not Attempt.objects.exists()


def test_losing_the_database_after_the_effect_does_not_repeat_it(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []
    lost: list[int] = []

    def lose_the_session(event: ReceivedEvent) -> None:
        event.perform(lambda _: sent.append((event.id, None)))
        if not lost:
            lost.append(1)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        Group.objects.create(name="marked")

    declare(lose_the_session)
    send(1)
    consume()
    assert (len(sent), len(lost), Group.objects.count()) == (1, 1, 1)
    row = Consumption.objects.get()
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 1, 0)


def test_a_handler_that_fails_after_its_effect_is_not_run_again(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []

    def fail_afterwards(event: ReceivedEvent) -> None:
        event.perform(lambda _: sent.append((event.id, None)))
        raise RuntimeError("a bug after the mail went out")

    declare(fail_afterwards)
    send(1)
    consume()
    assert len(sent) == 1
    assert Consumption.objects.get().outcome == "succeeded"
    assert "the effect happened; then the handler failed" in Attempt.objects.get().error


def test_a_claim_in_living_hands_is_waited_for(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []
    declare(sender(sent))
    send(1, 2)
    row = left_behind(topic, began=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_consumption SET lease_expires_at = now() + interval '1.5 s'"
            " WHERE id = %s",
            [row.id],
        )
    consume()
    assert [each for each, _ in sent] == ["0:0", "0:1"]
    row.refresh_from_db()
    assert (row.attempts, row.outcome) == (2, "succeeded")
