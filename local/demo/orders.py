"""The orders the demo sends."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, islice
from typing import Any

_CUSTOMERS = (
    "Ada Lovelace",
    "Zoë Müller",
    "Søren Kjær",
    "Łucja Wójcik",
    "Δήμητρα Παππά",
    "Николай Орлов",
    "José Núñez",
    "Çağla Öztürk",
    "Nguyễn Thị Mai",
    "Grace Hopper",
)
_GOODS = (
    ("Desk lamp", "39.90"),
    ("Notebook, dotted, A5", "7.25"),
    ("Fountain pen", "64.00"),
    ("Ink, blue-black, 50 ml", "11.80"),
)
TIMES_TWO = (1, 4, 7)  # these are sent a second time, as a client does that got no answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One order, and the address that no other order of any run has."""

    order_id: str
    customer: str
    email: str
    body: dict[str, Any]


def new_run() -> str:
    """What the ids of one run's orders begin with; never used before."""
    return f"{datetime.now(UTC):%y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def new_orders() -> list[Order]:
    """Ten orders whose ids were never used before."""
    return list(islice(endless_orders(new_run()), len(_CUSTOMERS)))


def endless_orders(run: str) -> Iterator[Order]:
    """One order after the other, for ever."""
    for number in count(1):
        customer = _CUSTOMERS[(number - 1) % len(_CUSTOMERS)]
        yield _order(f"{run}-{number:02d}", customer, number=number)


def order_by_hand(run: str) -> Order:
    """The order that a person may post."""
    return _order(f"{run}-by-hand", "Mary Somerville", number=1)


def _order(order_id: str, customer: str, *, number: int) -> Order:
    email = f"order-{order_id}@customers.example"
    lines = [
        {"description": description, "quantity": 1 + number % 3, "unit_price": price}
        for description, price in _GOODS[: 1 + number % len(_GOODS)]
    ]
    body = {
        "order_id": order_id,
        "customer": {"name": customer, "email": email},
        "currency": ("EUR", "USD", "GBP")[number % 3],
        "lines": lines,
    }
    return Order(order_id=order_id, customer=customer, email=email, body=body)
