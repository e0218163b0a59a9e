"""Money: exact decimals, the currencies in use, and how amounts are written."""

import re
from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, localcontext
from functools import cache
from unicodedata import category

from babel.core import get_global
from babel.numbers import format_currency, get_currency_symbol

# A total reaches 25 digits before it is refused; what does not fit in here raises, nothing rounds.
_EXACT = Context(prec=40, traps=[Inexact])
_AMOUNT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,4})?", re.ASCII)
_LOCALE = "en_GB"

# ISO 4217 table A.1; every other currency has two. Babel's own digits follow everyday use instead
# (none for RSD or IQD), and would round what a customer owes.
_MINOR_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


@cache
def currencies() -> frozenset[str]:
    """Return the ISO 4217 codes that are legal tender somewhere today (no DEM, XAU or XXX)."""
    tenders = get_global("territory_currencies").values()
    return frozenset(
        code for of_one in tenders for code, _, end, tender in of_one if tender and end is None
    )


def minor_digits(currency: str) -> int:
    """Return how many digits the currency has after the point, by ISO 4217."""
    return _MINOR_DIGITS.get(currency, 2)


def parse_amount(text: str) -> Decimal | None:
    """Return the amount of a text like `1234.50`, None if it is written in any other way."""
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


def fits(amount: Decimal, currency: str) -> bool:
    """Whether the amount needs no more digits than the currency has."""
    return amount == round(amount, minor_digits(currency))


def total_of(parts: Iterable[tuple[int, Decimal]]) -> Decimal:
    """Return the exact sum of quantity times unit price."""
    with localcontext(_EXACT):
        return sum((quantity * price for quantity, price in parts), start=Decimal(0))


def amount_text(amount: Decimal, currency: str) -> str:
    """Return the amount for programs: plain digits, as many as the currency has (`1234.50`)."""
    return f"{amount:.{minor_digits(currency)}f}"


def money_text(amount: Decimal, currency: str) -> str:
    """Return the amount for people, clear about its currency (`US$1,234.50`, `CHF 5.00`)."""
    symbol = get_currency_symbol(currency, _LOCALE)
    space = "" if category(symbol[-1]) == "Sc" else "\N{NO-BREAK SPACE}"
    digits = minor_digits(currency)
    pattern = f"¤{space}#,##0{'.' if digits else ''}{'0' * digits}"
    with localcontext(_EXACT):
        return format_currency(amount, currency, pattern, locale=_LOCALE, currency_digits=False)
