"""The invoice as a PDF: the same bytes for the same order, on any day and in any process."""

from io import BytesIO
from xml.sax.saxutils import escape

from babel.dates import format_date
from django.utils import timezone
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import (
    Flowable,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from invoices import typefaces
from invoices.document import DocumentLine, InvoiceDocument
from invoices.money import money_text
from invoices.pages import MARGIN, numbered_pages

INK = HexColor("#1b2430")
QUIET = HexColor("#66707f")
ACCENT = HexColor("#1f5f8b")
RULE = HexColor("#d5dbe3")
TINT = HexColor("#f4f7fa")

_WIDTH = A4[0] - 2 * MARGIN
_HEAD = ("Description", "Quantity", "Unit price", "Amount")
_PAD = 3 * mm
_ALL = ((0, 0), (-1, -1))


def _padding(*, sides: float, above: float, below: float) -> TableStyle:
    return TableStyle(
        [
            ("LEFTPADDING", *_ALL, sides),
            ("RIGHTPADDING", *_ALL, sides),
            ("TOPPADDING", *_ALL, above),
            ("BOTTOMPADDING", *_ALL, below),
        ]
    )


_MASTHEAD = TableStyle(
    [("VALIGN", *_ALL, "BOTTOM"), ("LINEBELOW", *_ALL, 1.5, ACCENT)],
    parent=_padding(sides=0, above=0, below=4 * mm),
)
_TIGHT = TableStyle([("VALIGN", *_ALL, "TOP")], parent=_padding(sides=0, above=0, below=1 * mm))
_LINES = TableStyle(
    [
        ("FONT", *_ALL, typefaces.REGULAR, 9, 12),
        ("FONT", (0, 0), (-1, 0), typefaces.BOLD, 9, 12),
        ("TEXTCOLOR", *_ALL, INK),
        ("TEXTCOLOR", (0, 0), (-1, 0), ACCENT),
        ("BACKGROUND", (0, 0), (-1, 0), TINT),
        ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ("VALIGN", *_ALL, "TOP"),
        ("LINEBELOW", (0, 1), (-1, -1), 0.5, RULE),
    ],
    parent=_padding(sides=_PAD, above=2 * mm, below=2 * mm),
)
_TOTAL = TableStyle(
    [
        ("FONT", *_ALL, typefaces.BOLD, 12, 15),
        ("TEXTCOLOR", *_ALL, INK),
        ("BACKGROUND", *_ALL, TINT),
        ("LINEABOVE", *_ALL, 1.5, ACCENT),
        ("ALIGN", (1, 0), (1, 0), "RIGHT"),
    ],
    parent=_padding(sides=_PAD, above=2.5 * mm, below=2.5 * mm),
)


def render(document: InvoiceDocument) -> bytes:
    """Return the document as a PDF of as many A4 pages as it needs."""
    typefaces.register()
    buffer = BytesIO()
    template = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN + 8 * mm,
        title=f"Invoice {document.number}",
        author=document.seller,
        subject=f"Order {document.order_id}",
        invariant=1,  # no dates and random ids in the file
    )
    footer = f"{document.seller} · Invoice {document.number}"
    template.build(_story(document), canvasmaker=numbered_pages(footer=footer, colour=QUIET))
    return buffer.getvalue()


def _story(document: InvoiceDocument) -> list[Flowable]:
    return [
        _masthead(document),
        Spacer(1, 10 * mm),
        _facts(document),
        Spacer(1, 10 * mm),
        _lines(document),
        _total(document),
    ]


def _masthead(document: InvoiceDocument) -> Flowable:
    seller = _text(document.seller, size=10, bold=True, right=True)
    address = _text(document.seller_address, colour=QUIET, right=True)
    title = _text("Invoice", size=24, bold=True, colour=ACCENT)
    return Table(
        [[title, [seller, address]]], colWidths=[_WIDTH * 0.4, _WIDTH * 0.6], style=_MASTHEAD
    )


def _facts(document: InvoiceDocument) -> Flowable:
    issued = timezone.localtime(document.issued_at, timezone.get_default_timezone()).date()
    facts = [
        ("Invoice number", document.number),
        ("Order", document.order_id),
        ("Date", format_date(issued, format="long", locale="en_GB")),
    ]
    customer = [
        _text("Billed to", colour=QUIET),
        _text(document.customer_name, size=10, bold=True),
        _text(document.customer_email),
    ]
    rows = [[_text(name, colour=QUIET), _text(value)] for name, value in facts]
    right = Table(rows, colWidths=[_WIDTH * 0.17, _WIDTH * 0.28], style=_TIGHT)
    return Table([[customer, right]], colWidths=[_WIDTH * 0.55, _WIDTH * 0.45], style=_TIGHT)


def _lines(document: InvoiceDocument) -> Flowable:
    cells = [_numbers(line, currency=document.currency) for line in document.lines]
    widths = [
        _widest([head, *column], font=typefaces.BOLD) + 2 * _PAD
        for head, column in zip(_HEAD[1:], zip(*cells, strict=True), strict=True)
    ]
    rows = [
        [_text(line.description), *numbers]
        for line, numbers in zip(document.lines, cells, strict=True)
    ]
    # A description may be taller than a page when the numbers leave it little room.
    return LongTable(
        [list(_HEAD), *rows],
        colWidths=[_WIDTH - sum(widths), *widths],
        repeatRows=1,
        splitInRow=1,
        style=_LINES,
    )


def _total(document: InvoiceDocument) -> Flowable:
    words = money_text(document.total, document.currency)
    width = _widest([words], font=typefaces.BOLD, size=12) + 2 * _PAD
    return Table(
        [["Total", words]],
        colWidths=[25 * mm, width],
        hAlign="RIGHT",
        spaceBefore=4 * mm,
        style=_TOTAL,
    )


def _numbers(line: DocumentLine, *, currency: str) -> tuple[str, str, str]:
    return (
        f"{line.quantity:,}",
        money_text(line.unit_price, currency),
        money_text(line.amount, currency),
    )


def _widest(texts: list[str], *, font: str, size: float = 9) -> float:
    return max(stringWidth(text, font, size) for text in texts)


def _text(
    text: str, *, size: float = 9, bold: bool = False, colour: Color = INK, right: bool = False
) -> Paragraph:
    """Return text that wraps; what looks like markup in it is shown as it is."""
    style = ParagraphStyle(
        "text",
        fontName=typefaces.BOLD if bold else typefaces.REGULAR,
        fontSize=size,
        leading=size * 1.35,
        textColor=colour,
        splitLongWords=1,
    )
    if right:
        style.alignment = TA_RIGHT
    return Paragraph(escape(text), style)
