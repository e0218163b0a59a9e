"""OrderRequest: an order as a caller asks for it, and the rules it must keep."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from unicodedata import bidirectional, category, normalize

from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email

from events.errors import FieldError, WaybillError
from invoices.money import currencies, fits, minor_digits, parse_amount, total_of

MAX_LINES = 500
MAX_NAME = 200
MAX_EMAIL = 254
MAX_DESCRIPTION = 500
MAX_QUANTITY = 1_000_000
MAX_TOTAL = Decimal(999_999_999_999_999)
MAX_ERRORS = 100

# Fit for URLs, file names and Message-IDs: dots neither at the ends nor two in a row.
_ORDER_ID = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
_BIDI_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerRequest:
    """Who ordered, and where the invoice goes."""

    name: str
    email: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LineRequest:
    """One thing ordered. `unit_price` is text like `12.50`: money is never a float."""

    description: str
    quantity: int
    unit_price: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRequest:
    """An order under the caller's own id; `check()` says whether it can be placed."""

    order_id: str
    customer: CustomerRequest
    currency: str
    lines: tuple[LineRequest, ...]

    def check(self) -> None:
        """Raise OrderInvalid, naming up to 100 broken rules, unless the order can be placed."""
        errors = list(islice(_errors(self), MAX_ERRORS))
        if errors:
            raise OrderInvalid(errors)


class OrderInvalid(WaybillError):
    """The order breaks one or more rules; nothing was stored."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.pointer}: {error.detail}" for error in errors))
        self.errors = tuple(errors)


def is_order_id(text: str) -> bool:
    """Whether an order can be called so."""
    return _ORDER_ID.fullmatch(text) is not None


def clean_text(text: str) -> str:
    """Return the text as it is stored, compared and printed: NFC, without outer spaces."""
    return normalize("NFC", text).strip()


def _errors(request: OrderRequest) -> Iterator[FieldError]:
    faults = {
        "/order_id": _order_id_fault(request.order_id),
        "/customer/name": _text_fault(request.customer.name, limit=MAX_NAME),
        "/customer/email": _email_fault(request.customer.email),
        "/currency": _currency_fault(request.currency),
        "/lines": _count_fault(len(request.lines)),
    }
    found = [FieldError(pointer=at, detail=fault) for at, fault in faults.items() if fault]
    yield from found
    if not faults["/lines"]:
        line_errors = list(_line_errors(request))
        yield from line_errors
        if not line_errors and (fault := _total_fault(request.lines)):
            yield FieldError(pointer="/lines", detail=fault)


def _line_errors(request: OrderRequest) -> Iterator[FieldError]:
    for index, line in enumerate(request.lines):
        faults = {
            "description": _text_fault(line.description, limit=MAX_DESCRIPTION),
            "quantity": _quantity_fault(line.quantity),
            "unit_price": _price_fault(line.unit_price, currency=request.currency),
        }
        for name, fault in faults.items():
            if fault:
                yield FieldError(pointer=f"/lines/{index}/{name}", detail=fault)


def _order_id_fault(order_id: str) -> str | None:
    if is_order_id(order_id):
        return None
    return "must be 1 to 64 of A-Z a-z 0-9 . _ -, with dots only between others"


def _text_fault(text: str, *, limit: int) -> str | None:
    length = len(clean_text(text))
    if not 1 <= length <= limit:
        return f"must have 1 to {limit} characters, this has {length}"
    for character in text:
        unprintable = category(character) in _UNPRINTABLE
        if unprintable or bidirectional(character) in _BIDI_CONTROLS:
            return f"contains the control character U+{ord(character):04X}; remove it"
    return None


def _email_fault(email: str) -> str | None:
    if fault := _text_fault(email, limit=MAX_EMAIL):
        return fault
    try:
        validate_email(email)
        sanitize_address(("", email), "utf-8").encode("ascii")  # also: can the domain be IDNA?
    except (ValidationError, ValueError):
        return "is not an e-mail address that can receive mail"
    if not email.rpartition("@")[0].isascii():
        # Only servers with SMTPUTF8 could take it, and the next hop may not be one.
        return "must have only ASCII before the @"
    return None


def _currency_fault(currency: str) -> str | None:
    if currency in currencies():
        return None
    return "must be the ISO 4217 code of a currency in use, such as EUR"


def _count_fault(count: int) -> str | None:
    if 1 <= count <= MAX_LINES:
        return None
    return f"must have 1 to {MAX_LINES} lines, this order has {count}"


def _quantity_fault(quantity: int) -> str | None:
    if 1 <= quantity <= MAX_QUANTITY:
        return None
    return f"must be from 1 to {MAX_QUANTITY}"


def _price_fault(text: str, *, currency: str) -> str | None:
    price = parse_amount(text)
    if price is None:
        return 'must be text like "12.50": up to 15 digits, a point, up to 4 digits'
    if not fits(price, currency):
        return f"has more digits after the point than {currency} has ({minor_digits(currency)})"
    return None


def _total_fault(lines: Sequence[LineRequest]) -> str | None:
    total = total_of((line.quantity, Decimal(line.unit_price)) for line in lines)
    return None if total <= MAX_TOTAL else f"the total must be at most {MAX_TOTAL}"
