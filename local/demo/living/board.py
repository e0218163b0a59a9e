"""The board: figures as a table for a terminal, and as one plain line for everything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from local.demo.living.figures import Counts, Figures, Mails, PartState
from local.demo.living.gauge import Reading

T = TypeVar("T")

_SIDE_BY_SIDE_FROM = 76  # columns
_STYLES = {
    "up": "green",
    "no answer": "bold red",
    "frozen": "yellow",
    "stopped": "yellow",
    "down": "bold red",
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Board:
    """A rich renderable; never wider than the terminal, always as high as its parts and notes."""

    def __init__(self, figures: Figures, *, note_lines: int) -> None:
        self._figures = figures
        self._note_lines = note_lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Two halves side by side, one above the other in a narrow terminal; notes below."""
        figures = self._figures
        halves = [_numbers(figures), _parts(figures)]
        yield _line(f"Living for {duration(figures.lived_s)}; Ctrl-C ends it", "bold")
        if options.max_width >= _SIDE_BY_SIDE_FROM:
            both = Table.grid(padding=(0, 2))
            both.add_row(*halves)
            yield both
        else:
            yield from halves
        notes = [*figures.notes, *[""] * self._note_lines][: self._note_lines]
        for note in notes:
            yield _line(note, "dim")


def plain(figures: Figures) -> str:
    """Everything in one line."""
    numbers = [f"{label} {text}" for label, text, _ in _rows(figures)]
    parts = [
        " ".join(filter(None, [part.name, str(part.pid or ""), _condition(part), _restarts(part)]))
        for part in figures.parts
    ]
    return f"{'; '.join(numbers)}; {', '.join(parts)}"


def duration(seconds: float) -> str:
    """Like 12 s, 3 min, 2 h 05 min, 3 d 4 h."""
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def _numbers(figures: Figures) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=9, style="bold", no_wrap=True)
    table.add_column(min_width=26, no_wrap=True, overflow="ellipsis")
    for label, text, style in _rows(figures):
        table.add_row(label, Text(text, style=style))
    return table


def _parts(figures: Figures) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", min_width=6, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for part in figures.parts:
        told = _condition(part)
        for_long = f"up {duration(part.up_s)}" if told == "up" else told
        text = Text(" ".join(filter(None, [for_long, _restarts(part)])), style=_STYLES[told])
        table.add_row(part.name, str(part.pid or ""), text)
    return table


def _rows(figures: Figures) -> list[tuple[str, str, str]]:
    """Label, text and style of each number."""
    counts, mails = figures.counts, figures.mails
    trouble = figures.trouble or f"one every {figures.every_s:g} s"
    return [
        ("orders", *_told(counts, lambda value: f"{value.orders:,}, {trouble}")),
        ("published", *_told(counts, lambda value: f"{value.published:,}")),
        ("backlog", *_told(counts, _backlog)),
        *(
            ("lag", *_told(reading, lambda value, group=group: f"{group} {value:,}"))  # type: ignore[misc]
            for group, reading in figures.lag.items()
        ),
        ("mails", *_told(mails, lambda value: f"{value.total:,}, {value.per_s:.1f} a second")),
        ("by hand", *_by_hand(counts, mails)),
    ]


def _told(reading: Reading[T], tell: Callable[[T], str]) -> tuple[str, str]:
    if reading.value is None or not reading.is_fresh:
        return f"no answer for {duration(reading.silent_s)}", "bold red"
    return tell(reading.value), ""


def _backlog(counts: Counts) -> str:
    oldest = f", the oldest {counts.oldest_s:.1f} s" if counts.oldest_s is not None else ""
    parked = f", {counts.parked:,} parked" if counts.parked else ""
    return f"{counts.backlog:,}{oldest}{parked}"


def _by_hand(counts: Reading[Counts], mails: Reading[Mails]) -> tuple[str, str]:
    def tell(value: Counts) -> str:
        arrived = mails.value.by_hand if mails.value else 0
        if not value.events_by_hand:
            return "nothing yet"
        return f"{_number(value.events_by_hand, 'event')}, {_number(arrived, 'mail')}"

    return _told(counts, tell)


def _condition(part: PartState) -> str:
    return "no answer" if part.condition == "up" and not part.answers else part.condition


def _restarts(part: PartState) -> str:
    return f"restarted {part.restarts}x" if part.restarts else ""


def _number(value: int, noun: str) -> str:
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def _line(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
