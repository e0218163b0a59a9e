"""Unknown outcomes: people say what happened, or have the same bytes sent once more."""

from typing import Any

import pytest

from events.errors import EffectUnknown
from events.event import ReceivedEvent
from events.models import Consumption, DeadLetter
from events.operating.operator import Operator
from events.operating.resolving import How, Resolving
from events.retry import RetryPolicy

pytestmark = pytest.mark.django_db(transaction=True)

ADA = Operator(name="ada", reason="asked the customer")
REFERENCE = "<1@waybill>"


class Mailer:
    """Sends, and as long as it is deaf never hears whether the mail was taken."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_deaf = True

    def send(self, event: ReceivedEvent) -> None:
        made = b"mail, made %d times" % (len(self.sent) + 1)
        event.perform(self._take, reference=REFERENCE, payload=made)

    def _take(self, payload: bytes | None) -> None:
        self.sent.append(payload or b"")
        if self.is_deaf:
            raise EffectUnknown("no answer")


@pytest.fixture
def mailer(send: Any, declare: Any, consume: Any) -> Mailer:
    """A mail was sent, and nobody knows whether it arrived."""
    mailer = Mailer()
    declare(mailer.send, on_unknown="hold")
    send(1)
    consume()
    assert Consumption.objects.get().outcome == "unknown"
    return mailer


def resolve(how: How) -> None:
    Resolving(Consumption.objects.get().pk, how=how).carry_out(by=ADA)


def test_resent_the_same_bytes_go_out_and_the_row_is_done(mailer: Mailer, consume: Any) -> None:
    mailer.is_deaf = False
    resolve("resend")
    consume()
    assert mailer.sent == [b"mail, made 1 times"] * 2
    row = Consumption.objects.get()
    assert (row.outcome, row.effect_reference, row.message) == ("succeeded", REFERENCE, None)
    assert (row.unknown_count, row.effect_payload) == (1, None)
    letter = DeadLetter.objects.get()
    assert (letter.state, letter.result) == ("redriven", "done")


def test_resent_and_unknown_again_it_waits_for_people_again(mailer: Mailer, consume: Any) -> None:
    resolve("resend")
    consume()
    row = Consumption.objects.get()
    assert (row.outcome, row.unknown_count) == ("unknown", 2)
    letter = DeadLetter.objects.get()
    assert (letter.state, letter.result) == (
        "redriven",
        "nobody knows whether its effect happened",
    )
    mailer.is_deaf = False
    resolve("resend")
    consume()
    assert mailer.sent == [b"mail, made 1 times"] * 3
    assert Consumption.objects.get().outcome == "succeeded"


def test_a_resend_is_performed_though_every_attempt_was_made(
    send: Any, declare: Any, consume: Any
) -> None:
    mailer = Mailer()
    declare(mailer.send, retry=RetryPolicy(max_attempts=1))
    send(1)
    consume()
    assert Consumption.objects.get().outcome == "unknown"
    mailer.is_deaf = False
    resolve("resend")
    consume()
    assert mailer.sent == [b"mail, made 1 times"] * 2
    assert Consumption.objects.get().outcome == "succeeded"


def test_called_done_it_is_never_sent_again(
    mailer: Mailer, consume: Any, dedupe_redis: Any
) -> None:
    resolve("done")
    dedupe_redis.flushdb()
    consume(from_beginning=True)
    assert mailer.sent == [b"mail, made 1 times"]
    row = Consumption.objects.get()
    assert (row.outcome, row.message, row.effect_payload) == ("succeeded", None, None)


def test_what_is_unknown_is_not_sent_again_when_it_is_read_again(
    mailer: Mailer, consume: Any
) -> None:
    consume(from_beginning=True)
    assert mailer.sent == [b"mail, made 1 times"]
    assert Consumption.objects.get().outcome == "unknown"
