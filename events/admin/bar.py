"""A bar of parts in their tones, drawn by attributes alone: no style stands in the page."""

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def bar(
    parts: Iterable[tuple[str, float]], *, full: float, label: str, css: str = ""
) -> SafeString:
    """Return a progress bar; each part is a tone and how much of `full` it takes."""
    drawn, at = [], 0.0
    for tone, size in parts:
        width = min(100.0 - at, 100.0 * size / full) if full else 0.0
        if width > 0:
            drawn.append((tone, f"{at:.3f}", f"{width:.3f}"))
            at += width
    return format_html(
        '<svg class="wb-bar {}" viewBox="0 0 100 1" preserveAspectRatio="none" role="progressbar"'
        ' aria-valuemin="0" aria-valuemax="100" aria-valuenow="{}" aria-label="{}">{}</svg>',
        css,
        int(at + 0.0005),
        label,
        format_html_join("", '<rect class="wb-{}" x="{}" y="0" width="{}" height="1"/>', drawn),
    )
