"""What the demo tells: steps with progress in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.table import Table

from local.service import Say

_QUIET_FOR_S = 5.0


class Screen:
    """Texts are printed as they are; nothing in them is markup."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False, emoji=False)
        self._status: Status | None = None
        self._title = ""
        self._said = ("", float("-inf"))
        self._listener: Say | None = None

    @property
    def console(self) -> Console:
        """Where it is printed."""
        return self._console

    def line(self, text: str = "", *, style: str = "") -> None:
        """Print a line; long ones are left whole, so that they can be copied."""
        self._console.print(text, style=style or None, soft_wrap=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show that this is being done, and how long it took once it is done."""
        began = time.monotonic()
        self._title, self._said = title, ("", began)
        if self._console.is_terminal:
            try:
                with self._console.status(title) as self._status:
                    yield
            finally:
                self._status = None
            self.line(f"  {title} ({time.monotonic() - began:.1f} s)")
        else:
            self.line(f"  {title} ...")
            yield
            self.line(f"    done in {time.monotonic() - began:.1f} s")

    def say(self, text: str) -> None:
        """Tell something about the step under way; any thread may."""
        if self._listener is not None:
            self._listener(text)
        elif self._status is not None:
            self._status.update(f"{self._title}: {text}")
        else:
            self.line(f"    {text}")

    @contextmanager
    def saying(self, listener: Say) -> Iterator[None]:
        """Meanwhile hand on what is said, instead of printing it."""
        self._listener = listener
        try:
            yield
        finally:
            self._listener = None

    def count(self, text: str) -> None:
        """Tell a count that changes fast; without a terminal only every few seconds."""
        said, at = self._said
        if text == said:
            return
        now = time.monotonic()
        if self._status is None and now - at < _QUIET_FOR_S:
            return
        self._said = (text, now)
        self.say(text)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print columns under their heads."""
        table = Table(*heads, box=None, pad_edge=False, padding=(0, 3, 0, 2), show_edge=False)
        for row in rows:
            table.add_row(*row)
        self._console.print(table)
