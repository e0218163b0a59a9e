"""The typefaces of the PDF: DejaVu Sans, for Latin, Greek, Cyrillic and more."""

from functools import cache
from pathlib import Path

from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont

REGULAR = "DejaVuSans"
BOLD = "DejaVuSans-Bold"

_DIRECTORY = Path(__file__).resolve().parent / "fonts"


@cache
def register() -> None:
    """Make the typefaces known to reportlab, once a process."""
    for name in (REGULAR, BOLD):
        registerFont(TTFont(name, str(_DIRECTORY / f"{name}.ttf")))
    registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
