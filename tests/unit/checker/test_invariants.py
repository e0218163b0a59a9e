"""The checker must be able to fail: each invariant, violated once."""

from dataclasses import replace
from typing import Any

import pytest

from tests.checker.examples import (
    CLEAN,
    GROUP,
    TOPIC,
    accepted,
    consumption,
    effect,
    letter,
    mail,
    name,
    place,
    publication,
    swapped,
    without,
)
from tests.checker.history import (
    Attempt,
    History,
    SentInvoice,
)
from tests.checker.invariants import violations


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
            "I1",
            "held letters whose key is not closed",
            {"dead_letters": (letter(0, state="held", is_follower=True),)},
        ),
        (
            "I5",
            "letters handed back and not run",
            {"dead_letters": (letter(0, state="redriving"),)},
        ),
        (
            "I4",
            "dead letters that do not show their record",
            {"dead_letters": (replace(letter(0), value_sha256="0"),)},
        ),
        (
            "I4",
            "dead letters that do not show their record",
            {"dead_letters": (letter(0, why=""),)},
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
        dead_letters=(letter(4),),
        attempts=(duplicate,),
    )
    assert violations(history) == []


def test_what_is_held_behind_a_closed_key_is_not_lost() -> None:
    held = letter(4, why="", state="held", is_follower=True)
    history = replace(
        CLEAN,
        consumptions=without(CLEAN.consumptions, 4),
        effects=without(CLEAN.effects, 4),
        dead_letters=(held,),
        closed_keys=frozenset({(GROUP, TOPIC, held.key)}),
    )
    assert violations(history) == []


def test_a_letter_that_is_done_later_may_be_out_of_order_and_no_other() -> None:
    late = replace(CLEAN, effects=(*without(CLEAN.effects, 0), effect(0)))
    assert "keys with effects out of order by workers" in [each.what for each in violations(late)]
    assert violations(replace(late, stepped_out=frozenset({name(0)}))) == []


def test_what_kafka_has_removed_cannot_be_shown() -> None:
    history = replace(CLEAN, accepted=CLEAN.accepted[2:], records=CLEAN.records[2:])
    assert "publications of what is not there" in [each.what for each in violations(history)]
    assert violations(replace(history, first_offsets={(TOPIC, 0): 2})) == []


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
