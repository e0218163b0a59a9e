"""The pages of the PDF: margins, and a footer that knows how many pages there are."""

from typing import Any

from reportlab.lib.colors import Color
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from invoices import typefaces

MARGIN = 20 * mm


def numbered_pages(*, footer: str, colour: Color) -> type[Canvas]:
    """Return a canvas that writes `footer` and "Page x of y" below every page."""

    class NumberedPages(Canvas):
        """Keeps the pages back until their number is known."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._kept: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._kept.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined] # missing from the stubs

        def save(self) -> None:
            for number, page in enumerate(self._kept, start=1):
                self.__dict__.update(page)
                self._write_footer(f"Page {number} of {len(self._kept)}")
                super().showPage()
            super().save()

        def _write_footer(self, words: str) -> None:
            self.setFont(typefaces.REGULAR, 8)
            self.setFillColor(colour)
            self.drawString(MARGIN, 12 * mm, footer)
            self.drawRightString(A4[0] - MARGIN, 12 * mm, words)

    return NumberedPages
