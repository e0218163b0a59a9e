"""The checker must be able to fail: each invariant, violated once."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from tests.checker.history import (
    Accepted,
    Attempt,
    Consumption,
    DeadLetter,
    Effect,
    EventName,
    Handled,
    History,
    Place,
    Publication,
    Received,
    SentInvoice,
    Written,
)
from tests.checker.invariants import violations

TOPIC, GROUP = "things", "workers"
EVENTS = 6


def name(number: int) -> EventName:
    return EventName("/client", str(number))


def place(number: int) -> Place:
    return Place(TOPIC, 0, number)


def key(number: int) -> str:
    return f"key-{number % 2}"


def sha256(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def accepted(number: int) -> Accepted:
    return Accepted(name=name(number), topic=TOPIC, key=key(number), value_sha256=sha256(number))


def record(number: int, *, at: int | None = None) -> Written:
    return Written(
        place=place(number if at is None else at),
        name=name(number),
        key=key(number).encode(),
        value_sha256=sha256(number),
    )


def publication(number: int) -> Publication:
    return Publication(name=name(number), place=place(number), value_sha256=sha256(number))


def consumption(number: int, *, outcome: str = "succeeded") -> Consumption:
    return Consumption(
        group=GROUP,
        dedupe_key=f"{GROUP}:{name(number)}",
        outcome=outcome,
        name=name(number),
        place=place(number),
    )


def effect(number: int) -> Effect:
    return Effect(group=GROUP, name=name(number), key=key(number), place=place(number))


def call(number: int) -> Handled:
    return Handled(
        group=GROUP, name=name(number), key=key(number), place=place(number), attempt=1, pid=1
    )


def mail(order_id: str, *, content: str = "a") -> Received:
    return Received(order_id=order_id, message_id=f"<{order_id}>", sha256=content)


def without(items: tuple[Any, ...], index: int) -> tuple[Any, ...]:
    return items[:index] + items[index + 1 :]


def swapped(items: tuple[Any, ...], one: int, other: int) -> tuple[Any, ...]:
    changed = list(items)
    changed[one], changed[other] = changed[other], changed[one]
    return tuple(changed)


numbers = range(EVENTS)
CLEAN = History(
    accepted=tuple(map(accepted, numbers)),
    # One written twice, as after a relay that was killed.
    records=(*map(record, numbers), record(2, at=EVENTS)),
    publications=tuple(map(publication, numbers)),
    consumptions=tuple(map(consumption, numbers)),
    effects=tuple(map(effect, numbers)),
    trace=(*map(call, numbers), call(2)),
    mails=(mail("1"), mail("2")),
    sent_invoices=(SentInvoice(order_id="1", message_id="<1>"),),
    groups={TOPIC: (GROUP,)},
    traced_groups=frozenset({GROUP}),
    recovered_after_s=3.0,
)


def test_a_clean_history_violates_nothing() -> None:
    assert violations(CLEAN) == []
    assert violations(History()) == []


@pytest.mark.parametrize(
    ("invariant", "what", "change"),
    [
        (
            "I1",
            "accepted events that are not in their topic",
            {"records": CLEAN.records[:5], "publications": CLEAN.publications},
        ),
        (
            "I1",
            "records that a group neither handled nor set aside",
            {"consumptions": without(CLEAN.consumptions, 3)},
        ),
        (
            "I1",
            "records that a group neither handled nor set aside",
            {"consumptions": (*CLEAN.consumptions[:5], consumption(5, outcome="retrying"))},
        ),
        ("I2", "events with more than one effect", {"effects": (*CLEAN.effects, effect(1))}),
        (
            "I2",
            "orders with more mails than can be explained",
            {"mails": (*CLEAN.mails, mail("1"))},
        ),
        ("I2", "orders whose mails differ", {"mails": (*CLEAN.mails, mail("1", content="b"))}),
        ("I3", "keys out of order in the topic", {"records": swapped(CLEAN.records, 1, 3)}),
        ("I3", "keys handled out of order by workers", {"trace": swapped(CLEAN.trace, 0, 4)}),
        (
            "I3",
            "keys with effects out of order by workers",
            {"effects": swapped(CLEAN.effects, 0, 2)},
        ),
        (
            "I4",
            "publications of what is not there",
            {"publications": (*CLEAN.publications[:5], replace(publication(5), place=place(99)))},
        ),
        (
            "I4",
            "publications of what is not there",
            {"publications": (*CLEAN.publications[:5], replace(publication(5), value_sha256="0"))},
        ),
        (
            "I4",
            "positions claimed twice",
            {"publications": (*CLEAN.publications, publication(0))},
        ),
        (
            "I4",
            "accepted events without a true publication",
            {"publications": CLEAN.publications[1:]},
        ),
        ("I4", "successes in the ledger without an effect", {"effects": CLEAN.effects[:5]}),
        (
            "I4",
            "effects that the ledger does not know",
            {"consumptions": without(CLEAN.consumptions, 3)},
        ),
        (
            "I4",
            "dead letters that do not show their record",
            {
                "dead_letters": (
                    DeadLetter(group=GROUP, place=place(0), value_sha256="0", reason="why"),
                )
            },
        ),
        (
            "I4",
            "dead letters that do not show their record",
            {
                "dead_letters": (
                    DeadLetter(group=GROUP, place=place(0), value_sha256=sha256(0), reason=""),
                )
            },
        ),
        (
            "I4",
            "attempts that do not say where or why",
            {
                "attempts": (
                    Attempt(
                        group=GROUP, name=name(0), place=place(0), result="failed", host="here"
                    ),
                )
            },
        ),
        (
            "I4",
            "invoices called sent that nobody received",
            {"sent_invoices": (SentInvoice(order_id="1", message_id="<other>"),)},
        ),
        ("I5", "entries left in the outbox", {"backlog": 1}),
        ("I5", "records not committed", {"lag": 1}),
        ("I5", "recovery took 15.5 s", {"recovered_after_s": 15.5}),
    ],
)
def test_each_invariant_can_be_violated(invariant: str, what: str, change: dict[str, Any]) -> None:
    found = violations(replace(CLEAN, **change))
    assert (invariant, what) in [(each.invariant, each.what) for each in found], found


def test_what_is_parked_or_set_aside_or_done_by_another_event_is_not_lost() -> None:
    letter = DeadLetter(group=GROUP, place=place(4), value_sha256=sha256(4), reason="why")
    duplicate = Attempt(
        group=GROUP,
        name=name(5),
        place=place(5),
        result="duplicate",
        host="here",
        error="this key was done by another",
    )
    history = replace(
        CLEAN,
        accepted=(*CLEAN.accepted, accepted(9)),
        parked=frozenset({name(9)}),
        consumptions=CLEAN.consumptions[:4],
        effects=CLEAN.effects[:4],
        dead_letters=(letter,),
        attempts=(duplicate,),
    )
    assert violations(history) == []


def test_an_unknown_outcome_explains_one_more_copy_of_the_same_mail() -> None:
    unknown = replace(
        consumption(0), dedupe_key="notification:invoices:1", unknown_count=1, group="invoices"
    )
    history = replace(
        CLEAN,
        mails=(*CLEAN.mails, mail("1")),
        consumptions=(*CLEAN.consumptions, unknown),
    )
    assert violations(history) == []


def test_a_violation_is_told_with_its_count_and_some_examples() -> None:
    history = replace(CLEAN, records=(), publications=(), consumptions=(), effects=())
    told = [str(each) for each in violations(history)]
    assert told[0].startswith(
        "I1 accepted events that are not in their topic (6): /client/0, /client/1"
    )
    assert "/client/5" not in told[0]
