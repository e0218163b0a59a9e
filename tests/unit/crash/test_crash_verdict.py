"""Verdict: only what kept every promise is clean, and the figures say what was not."""

from dataclasses import replace
from typing import Any

from tests.checker.examples import CLEAN, accepted, consumption, effect, mail
from tests.checker.history import History
from tests.crash.load import LoadStatus
from tests.crash.nemesis import Fault
from tests.crash.verdict import Run, Verdict, recovery


def fault(target: str = "relay 1", *, after_s: float | None = 1.0, trouble: str = "") -> Fault:
    return Fault(target=target, kind="kill", at_s=0.0, back_after_s=after_s, trouble=trouble)


def verdict(history: History = CLEAN, **run: Any) -> Verdict:
    told: dict[str, Any] = {
        "seed": 1,
        "command": "",
        "duration_s": 10.0,
        "load_s": 5.0,
        "is_interrupted": False,
        "faults": (fault(), fault("kafka", after_s=3.0)),
        "drained_after_s": (3.0,),
        "load": LoadStatus(events=6),
    }
    return Verdict(Run(**{**told, **run}), history)


def test_a_clean_history_is_clean_and_counted() -> None:
    found = verdict()
    assert found.is_clean
    figures = found.as_json()
    assert figures["kills"] == 2
    assert figures["lost"] == figures["doubled_effects"] == figures["order_violations"] == 0
    assert figures["achieved_events_per_s"] == 1.2
    assert figures["recovery_of_the_harmed"] == {
        "samples": 2,
        "p50_s": 1.0,
        "p99_s": 3.0,
        "max_s": 3.0,
    }


def test_a_lost_event_and_a_doubled_effect_are_counted() -> None:
    lost = replace(CLEAN, accepted=(*CLEAN.accepted, accepted(99)))
    assert (verdict(lost).lost, verdict(lost).is_clean) == (1, False)
    doubled = replace(CLEAN, effects=(*CLEAN.effects, effect(1)))
    assert (verdict(doubled).doubled_effects, verdict(doubled).is_clean) == (1, False)


def test_a_second_mail_needs_an_unknown_outcome() -> None:
    twice = replace(CLEAN, mails=(*CLEAN.mails, mail("1")))
    [unexplained] = verdict(twice).mails_doubled
    assert not unexplained.is_explained
    assert not verdict(twice).is_clean
    row = replace(consumption(0), dedupe_key="notification:invoices:1", unknown_count=1)
    known = replace(twice, consumptions=(*CLEAN.consumptions[1:], row))
    [explained] = verdict(known).mails_doubled
    assert explained.is_explained
    assert verdict(known).is_clean


def test_an_accepted_order_without_a_mail_is_not_clean() -> None:
    orders = [replace(each, topic="order_invoices") for each in CLEAN.accepted]
    found = verdict(replace(CLEAN, accepted=tuple(orders)))
    assert set(found.orders_without_mail) == {"key-0", "key-1"}


def test_who_does_not_come_back_or_is_refused_spoils_the_run() -> None:
    gone = fault(after_s=None, trouble="not back within 90 s")
    assert verdict(faults=(gone,)).troubles == ["relay 1 after kill: not back within 90 s"]
    assert not verdict(faults=(gone,)).is_clean
    assert not verdict(load=LoadStatus(refused=["409"])).is_clean


def test_ranks_are_of_what_was_measured() -> None:
    found = recovery([float(n) for n in range(1, 101)])
    assert found is not None
    assert (found.p50_s, found.p99_s, found.max_s) == (50.0, 99.0, 100.0)
    assert recovery([]) is None
