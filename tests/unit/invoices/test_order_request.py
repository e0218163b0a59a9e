"""OrderRequest: which orders can be placed, and what is said about the others."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.order_request import (
    MAX_ERRORS,
    CustomerRequest,
    LineRequest,
    OrderInvalid,
    OrderRequest,
)

LINE = LineRequest(description="Coffee", quantity=2, unit_price="3.50")
GOOD = OrderRequest(
    order_id="1042",
    customer=CustomerRequest(name="Ada Lovelace", email="ada@example.org"),
    currency="EUR",
    lines=(LINE,),
)


def broken_pointers(request: OrderRequest) -> list[str]:
    try:
        request.check()
    except OrderInvalid as invalid:
        return [error.pointer for error in invalid.errors]
    return []


def with_name(name: str) -> OrderRequest:
    return replace(GOOD, customer=replace(GOOD.customer, name=name))


def with_email(email: str) -> OrderRequest:
    return replace(GOOD, customer=replace(GOOD.customer, email=email))


def with_line(**changes: Any) -> OrderRequest:
    return replace(GOOD, lines=(replace(LINE, **changes),))


@pytest.mark.parametrize("order_id", ["1", "1042", "A-1_b.c", "a" * 64, "_", "-"])
def test_an_order_id_of_safe_characters_is_accepted(order_id: str) -> None:
    assert broken_pointers(replace(GOOD, order_id=order_id)) == []


@pytest.mark.parametrize(
    "order_id",
    ["", "a" * 65, ".", "..", "a..b", ".a", "a.", "a/b", "a b", "a\n", "é", "٣", "a\0", "\ud800"],
)
def test_an_order_id_unfit_for_addresses_is_refused(order_id: str) -> None:
    assert broken_pointers(replace(GOOD, order_id=order_id)) == ["/order_id"]


@pytest.mark.parametrize(
    "name",
    [
        "Ђорђе Ψαρράς",
        "李小龍",
        'O\'Brien, "Pat" <x>',
        "\u0646\u200c\u0627",
        "x" * 200,
        "👩\u200d🚀",
    ],
)
def test_a_name_of_any_script_is_accepted(name: str) -> None:
    assert broken_pointers(with_name(name)) == []


@pytest.mark.parametrize(
    "name",
    ["", "  ", "x" * 201, "A\r\nBcc: b@x.org", "A\nB", "A\0", "\ud800", "A\u2028B", "A\u202eB",
     "\u0958" * 101],
)  # fmt: skip
def test_a_name_that_could_deceive_or_break_a_header_is_refused(name: str) -> None:
    assert broken_pointers(with_name(name)) == ["/customer/name"]


@pytest.mark.parametrize(
    "email",
    ["a@example.org", "a+b@example.org", "o'b@example.org", "a@bücher.example", "a@日本.jp"],
)
def test_an_address_that_every_server_can_take_is_accepted(email: str) -> None:
    assert broken_pointers(with_email(email)) == []


@pytest.mark.parametrize(
    "email",
    ["", "a", "a@", "@example.org", "a b@example.org", "a@example.org\r\nBcc: b@example.org",
     "jürgen@example.org", "\u212a@example.org", f"{'a' * 250}@x.org", "a@" + "ü" * 63 + ".de",
     "a@example.org,b@example.org", "A <a@example.org>", '"\x01"@example.org', "\ud800@x.org"],
)  # fmt: skip
def test_an_address_that_could_not_be_reached_is_refused(email: str) -> None:
    assert broken_pointers(with_email(email)) == ["/customer/email"]


@pytest.mark.parametrize("currency", ["", "eur", "DEM", "XXX", "EURO", "€", "\ud800"])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    assert broken_pointers(replace(GOOD, currency=currency)) == ["/currency"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"description": ""}, "description"),
        ({"description": "x" * 501}, "description"),
        ({"description": "a\nb"}, "description"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 1_000_001}, "quantity"),
        ({"unit_price": "-1"}, "unit_price"),
        ({"unit_price": "1.001"}, "unit_price"),
        ({"unit_price": "1e5"}, "unit_price"),
        ({"unit_price": "NaN"}, "unit_price"),
        ({"unit_price": "9" * 400_000}, "unit_price"),
    ],
)
def test_a_broken_line_is_named_by_its_pointer(changes: dict[str, Any], name: str) -> None:
    assert broken_pointers(with_line(**changes)) == [f"/lines/0/{name}"]


def test_prices_may_have_as_many_digits_as_the_currency() -> None:
    assert broken_pointers(replace(with_line(unit_price="1.125"), currency="KWD")) == []
    yen = replace(with_line(unit_price="1.5"), currency="JPY")
    assert broken_pointers(yen) == ["/lines/0/unit_price"]


@pytest.mark.parametrize(("count", "pointers"), [(0, ["/lines"]), (500, []), (501, ["/lines"])])
def test_an_order_has_one_to_five_hundred_lines(count: int, pointers: list[str]) -> None:
    assert broken_pointers(replace(GOOD, lines=(LINE,) * count)) == pointers


def test_the_total_is_bounded() -> None:
    highest = with_line(quantity=1, unit_price="999999999999999")
    assert broken_pointers(highest) == []
    assert broken_pointers(replace(highest, lines=(*highest.lines, LINE))) == ["/lines"]


def test_all_broken_rules_are_told_at_once_up_to_a_bound() -> None:
    bad = LineRequest(description="", quantity=0, unit_price="x")
    request = OrderRequest(
        order_id="", customer=CustomerRequest(name="", email=""), currency="", lines=(bad,)
    )
    assert broken_pointers(request) == [
        "/order_id",
        "/customer/name",
        "/customer/email",
        "/currency",
        "/lines/0/description",
        "/lines/0/quantity",
        "/lines/0/unit_price",
    ]
    assert len(broken_pointers(replace(request, lines=(bad,) * 500))) == MAX_ERRORS


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)), st.text())
def test_whatever_text_comes_the_answer_is_a_verdict(name: str, email: str, price: str) -> None:
    request = replace(
        GOOD,
        customer=CustomerRequest(name=name, email=email),
        lines=(replace(LINE, description=name, unit_price=price),),
    )
    assert set(broken_pointers(request)) <= {
        "/customer/name",
        "/customer/email",
        "/lines/0/description",
        "/lines/0/unit_price",
    }
