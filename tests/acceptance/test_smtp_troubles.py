"""F49: a mail server that is away, refuses, hangs and hangs up; what is done, tried and told."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import pytest

from local.mail import Behaviour
from tests.acceptance.api_client import ApiClient
from tests.acceptance.length import lasting
from tests.acceptance.ordering import GROUP, is_sent, order_of, ordering, place, received
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

AWAY_S = lasting(3.0, full=60.0)
RETRY = {"max_attempts": 4, "initial_s": 0.1, "max_delay_s": 0.5}
PATIENCE = {"ACCEPTANCE_EMAIL_TIMEOUT_S": "1"}
EAGER = {"probe_interval_s": 0.3}
AWAY = "A service that a handler needs is away"
F, S = "failed", "succeeded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How an order ends whose mail meets such a server, `times` times."""

    server: Behaviour
    times: int = 1
    attempts: tuple[str, ...] = ()
    mails: int = 1
    unknown: int = 0
    state: str = "sent"


ENDINGS = (
    # Not there, or about to go: waited for, nothing is counted.
    Ending(server="shut_down", times=2),
    # Not now, said or shown before anything was on its way.
    Ending(server="refuse_recipient_for_now", times=2, attempts=(F, F, S)),
    Ending(server="hang_at_recipient", attempts=(F, S)),
    Ending(server="refuse_data_for_now", times=3, attempts=(F, F, F, S)),
    # Never.
    Ending(server="refuse_recipient", attempts=(F,), mails=0, state="failed"),
    Ending(server="refuse_data", attempts=(F,), mails=0, state="failed"),
    # Nobody knows: sent again, the same mail.
    Ending(server="hang_at_data", attempts=(F, S), unknown=1),
    Ending(server="hang_after_storing", attempts=(F, S), mails=2, unknown=1),
    Ending(server="cut_before_storing", attempts=(F, S), unknown=1),
    Ending(server="cut_before_answer", attempts=(F, S), mails=2, unknown=1),
    # Taken, and no goodbye.
    Ending(server="cut_after_answer"),
)
HELD = (
    Ending(server="hang_at_data", attempts=(F,), mails=0, unknown=1, state="unknown"),
    Ending(server="hang_after_storing", attempts=(F,), unknown=1, state="unknown"),
    Ending(server="cut_before_storing", attempts=(F,), mails=0, unknown=1, state="unknown"),
    Ending(server="cut_before_answer", attempts=(F,), unknown=1, state="unknown"),
)


@pytest.fixture(autouse=True)
def kind_server(system: System) -> Iterator[None]:
    """Whatever happens, the next test finds a mail server that takes mails."""
    yield
    system.stack.smtp.start()
    system.stack.smtp.behave()


def test_what_the_mail_server_does_is_told_apart(system: System) -> None:
    api = sending(system, on_unknown="resend")
    for number, ending in enumerate(ENDINGS):
        meet(system, api, number, ending)
    finish(system, ENDINGS)


def test_on_hold_nothing_is_sent_again_and_what_follows_flows(system: System) -> None:
    api = sending(system, on_unknown="hold")
    for number, ending in enumerate(HELD):
        meet(system, api, number, ending)
    meet(system, api, len(HELD), Ending(server="accept"))
    finish(system, (*HELD, Ending(server="accept")))


def test_mails_wait_for_a_server_that_is_away(system: System) -> None:
    api = sending(system, on_unknown="hold")
    system.stack.smtp.kill()
    for number in range(3):
        place(system, api, number)
    sender = system.processes[-1]
    sender.wait_for_log(AWAY, timeout_s=30)
    wait_until(lambda: waited_s(system) > AWAY_S, timeout_s=AWAY_S + 30, every_s=0.2)
    assert {state_of(api, number) for number in range(3)} <= {"requested", "retrying"}
    system.stack.smtp.start()
    system.stack.smtp.wait_ready()
    for number in range(3):
        wait_until(partial(is_sent, api, number), timeout_s=15)
    finish(system, (Ending(server="accept"),) * 3)


def sending(system: System, *, on_unknown: Literal["resend", "hold"]) -> ApiClient:
    """Start everything from the API to the mail server."""
    api = ordering(system)
    policies = {GROUP: {"on_unknown": on_unknown, "retry": RETRY}}
    variables = {**PATIENCE, "POLICIES": json.dumps(policies)}
    system.consumer(group=GROUP, waybill=EAGER, variables=variables).start()
    return api


def meet(system: System, api: ApiClient, number: int, ending: Ending) -> None:
    """Place an order whose mail meets such a server, and wait for its end."""
    smtp = system.stack.smtp
    smtp.behave(ending.server, times=ending.times)
    place(system, api, number)
    wait_until(partial(is_in, api, number, ending.state), timeout_s=30)
    if ending.server != "accept":
        assert smtp.journal.behaviour() == "accept", "it never came to that"


def is_in(api: ApiClient, number: int, state: str) -> bool:
    return state_of(api, number) == state


def state_of(api: ApiClient, number: int) -> str:
    """Return what the order says about its invoice."""
    return str(api.get(f"/api/v1/orders/order-{number}").json["invoice"]["state"])


def finish(system: System, endings: tuple[Ending, ...]) -> None:
    """Ledger, attempts, dead letters and sink tell of each order what they should."""
    system.wait_until_recovered()
    history = system.history(mails=received(system))
    assert violations(history) == []
    for number, ending in enumerate(endings):
        mails = [each for each in system.stack.smtp.mails() if order_of(each) == f"order-{number}"]
        assert len(mails) == ending.mails, ending
        assert found(system, number, "SELECT result FROM events_attempt") == [
            (each,) for each in ending.attempts
        ], ending
        outcome, counted = ledger_of(ending)
        assert found(
            system, number, "SELECT outcome, attempts, unknown_count FROM events_consumption"
        ) == [(outcome, counted, ending.unknown)], ending
        letters = found(system, number, "SELECT exception FROM events_deadletter", order="offset")
        refused = [("invoices.delivery.MailRefused",)] if ending.state == "failed" else []
        assert letters == refused, ending


def ledger_of(ending: Ending) -> tuple[str, int]:
    """Return outcome and attempts that the ledger must tell."""
    outcomes = {"sent": "succeeded", "failed": "dead_lettered", "unknown": "unknown"}
    return outcomes[ending.state], max(1, len(ending.attempts))


def found(system: System, number: int, query: str, *, order: str = "id") -> list[tuple[Any, ...]]:
    """Return the rows of an order."""
    with system.database() as database:
        whole = f'{query} WHERE dedupe_key = %s ORDER BY "{order}"'
        return database.execute(
            whole.encode(), [f"notification:invoices:order-{number}"]
        ).fetchall()


def waited_s(system: System) -> float:
    """For how long the ledger has known of a mail that is not sent."""
    with suppress(AssertionError):  # no row yet
        query = "SELECT EXTRACT(EPOCH FROM now() - min(first_at)) FROM events_consumption"
        return float(system.value(query) or 0.0)
    return 0.0
