"""Display: redraws the board in place in a terminal; elsewhere tells a plain line now and then."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live

from local.demo.living.board import Board, plain
from local.demo.living.figures import Figures
from local.demo.living.notes import LINES

PLAIN_EVERY_S = 10.0


class Display:
    """A context manager. What was printed before stays above; only the board is drawn anew."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._told_at = float("-inf")
        if can_redraw(console):
            self._live = Live(
                console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
            )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def note(self, text: str) -> None:
        """Tell at once what the board has no room for; in a terminal the board tells it."""
        if self._live is None:
            self._console.print(text, soft_wrap=True)

    def show(self, figures: Figures) -> None:
        """Show these figures from now on."""
        if self._live is not None:
            self._live.update(Board(figures, note_lines=LINES), refresh=True)
        elif time.monotonic() - self._told_at >= PLAIN_EVERY_S:
            self._told_at = time.monotonic()
            self._console.print(plain(figures), soft_wrap=True)


def can_redraw(console: Console) -> bool:
    """True for a terminal that can move its cursor; FORCE_COLOR makes no terminal of a pipe."""
    return console.file.isatty() and console.is_terminal and not console.is_dumb_terminal
