"""Money: nothing rounds, nothing is guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.money import (
    amount_text,
    currencies,
    fits,
    minor_digits,
    money_text,
    parse_amount,
    total_of,
)

CURRENCIES = st.sampled_from(sorted(currencies()))


@st.composite
def prices(draw: st.DrawFn) -> tuple[str, int]:
    currency = draw(CURRENCIES)
    return currency, draw(st.integers(min_value=0, max_value=10**15 - 1))


@given(prices())
def test_an_amount_survives_being_written_and_read(price: tuple[str, int]) -> None:
    currency, minor = price
    amount = Decimal(minor).scaleb(-minor_digits(currency))
    assert fits(amount, currency)
    assert parse_amount(amount_text(amount, currency)) == amount


@given(prices())
def test_people_see_every_digit_and_the_currency(price: tuple[str, int]) -> None:
    currency, minor = price
    amount = Decimal(minor).scaleb(-minor_digits(currency))
    shown = money_text(amount, currency)
    digits = "".join(character for character in shown if character.isdigit())
    assert int(digits) == minor
    assert not shown[0].isdigit()


@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.integers(0, 10**18 - 1)), min_size=1, max_size=500
    )
)
def test_a_total_is_exact_to_the_last_digit(parts: list[tuple[int, int]]) -> None:
    total = total_of((quantity, Decimal(price).scaleb(-4)) for quantity, price in parts)
    assert int(total.scaleb(4)) == sum(quantity * price for quantity, price in parts)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "-1", "+1", "1e3", "1_000", "1,5", ".5", "5.", "1.23456", "NaN", "Infinity",
     "\u0663", "\uff11", "1\n", "0x1", "1" * 16],
)  # fmt: skip
def test_an_amount_written_in_any_other_way_is_none(text: str) -> None:
    assert parse_amount(text) is None


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("1234.5", "EUR", "€1,234.50"),
        ("1234.5", "USD", "US$1,234.50"),
        ("5", "CHF", "CHF\N{NO-BREAK SPACE}5.00"),
        ("1234", "JPY", "JP¥1,234"),
        ("10.50", "RSD", "RSD\N{NO-BREAK SPACE}10.50"),
        ("1.125", "KWD", "KWD\N{NO-BREAK SPACE}1.125"),
    ],
)
def test_money_is_shown_with_the_digits_of_its_currency(
    amount: str, currency: str, expected: str
) -> None:
    assert money_text(Decimal(amount), currency) == expected


@pytest.mark.parametrize("code", ["DEM", "XXX", "XAU", "XTS", "eur", "EU", ""])
def test_a_currency_nobody_pays_with_today_is_unknown(code: str) -> None:
    assert code not in currencies()
    assert "EUR" in currencies()


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("1.50", "JPY", False),
        ("1.00", "JPY", True),
        ("1.001", "EUR", False),
        ("1.001", "BHD", True),
    ],
)
def test_an_amount_fits_if_the_currency_has_its_digits(
    amount: str, currency: str, expected: bool
) -> None:
    assert fits(Decimal(amount), currency) is expected
