"""The PDF: what stands on it, on how many pages, and that its bytes never change."""

import hashlib
import os
import re
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from invoices.document import InvoiceDocument
from invoices.order_request import MAX_DESCRIPTION, MAX_NAME
from invoices.pdf import render
from tests.unit.invoices.documents import document

ROOT = Path(__file__).resolve().parents[3]
LONG = [(f"Article number {number}", number % 7 + 1, "12.34") for number in range(1, 71)]

IN_ANOTHER_PROCESS = """
import django, hashlib
django.setup()
from tests.unit.invoices.documents import document
from invoices.pdf import render
lines = [(f"Article number {number}", number % 7 + 1, "12.34") for number in range(1, 71)]
print(hashlib.sha256(render(document(*lines))).hexdigest())
"""


def pages(invoice: InvoiceDocument) -> list[str]:
    reader = PdfReader(BytesIO(render(invoice)))
    return [page.extract_text() for page in reader.pages]


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_everything_a_customer_needs_stands_on_it() -> None:
    (page,) = pages(document(("Coffee", 2, "3.50"), ("Delivery", 1, "1234.56")))
    for expected in (
        "Invoice", "INV-000042", "1042", "4 March 2026", "Ada Lovelace", "ada@example.org",
        "Waybill", "Coffee", "€3.50", "€7.00", "Delivery", "€1,234.56", "Total", "€1,241.56",
        "Page 1 of 1",
    ):  # fmt: skip
        assert expected in page


def test_a_long_invoice_repeats_the_head_and_numbers_its_pages() -> None:
    found = pages(document(*LONG))
    assert len(found) == 3
    for number, page in enumerate(found, start=1):
        assert "Description" in page
        assert f"Page {number} of 3" in page
    numbers = [int(each) for each in re.findall(r"Article number (\d+)", "\n".join(found))]
    assert numbers == list(range(1, 71))
    assert ["Total" in page for page in found] == [False, False, True]


def test_latin_greek_and_cyrillic_are_printed() -> None:
    words = ["Ελληνικά καφές", "Кофе «Утро» ћ", "Żółć ęśąćż Őű ẞ Þórður"]
    (page,) = pages(document(*((each, 1, "1.00") for each in words), customer_name="Ђорђе"))
    for each in [*words, "Ђорђе"]:
        assert each in unicodedata.normalize("NFC", page)


def test_what_looks_like_markup_is_printed_as_it_is() -> None:
    text = "<b>bold</b> & <br/> &amp; <font color=red> ]]> <para>"
    (page,) = pages(document((text, 1, "1.00"), customer_name="A <i>& B"))
    assert squeezed(text) in squeezed(page)
    assert "A <i>& B" in page


@pytest.mark.parametrize("text", ["W" * MAX_DESCRIPTION, "W " * (MAX_DESCRIPTION // 2)])
@pytest.mark.parametrize(
    ("quantity", "price"),
    [(1_000_000, "0.01"), (1_000_000, "999999999.99"), (1, "999999999999999")],
)
def test_the_longest_texts_and_numbers_fit_and_nothing_is_cut(
    text: str, quantity: int, price: str
) -> None:
    invoice = document(
        (text, quantity, price),
        currency="IRR",
        customer_name="W" * MAX_NAME,
        customer_email=f"{'w' * 64}@{'w' * 63}.{'w' * 63}.org",
        order_id="W" * 64,
    )
    whole = squeezed("".join(pages(invoice)))
    assert whole.count("W") >= squeezed(text).count("W") + MAX_NAME + 64
    assert squeezed(f"{invoice.total:,.2f}") in whole


def test_characters_without_a_glyph_do_no_harm() -> None:
    (page,) = pages(document(("中文 😀 हिन्दी \U0010ffff", 1, "1.00")))
    assert "€1.00" in page


def test_the_date_is_that_of_the_shop_not_of_the_reader() -> None:
    late = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    (page,) = pages(document(issued_at=late))
    assert "4 March 2026" in page
    (page,) = pages(document(issued_at=late + timedelta(hours=1)))
    assert "5 March 2026" in page


def test_the_bytes_are_the_same_in_every_process() -> None:
    there = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1", "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == hashlib.sha256(render(document(*LONG))).hexdigest()


def test_another_order_has_other_bytes() -> None:
    assert render(document(order_id="1")) != render(document(order_id="2"))
