"""A clean history and the rows it is made of, for tests of the checker."""

import hashlib
from typing import Any

from tests.checker.history import (
    Accepted,
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


def letter(
    number: int, *, why: str = "why", state: str = "open", is_follower: bool = False
) -> DeadLetter:
    return DeadLetter(
        group=GROUP,
        place=place(number),
        value_sha256=sha256(number),
        reason=why,
        key=key(number).encode(),
        state=state,
        is_follower=is_follower,
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
