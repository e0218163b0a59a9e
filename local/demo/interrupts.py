"""Ctrl-C and SIGTERM: the first ends the demo in order, the second at once."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Self


class Interrupted(BaseException):
    """Somebody wants the demo to end; not an Exception, so that nothing handles it by mistake."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class Interrupts:
    """A context manager for the main thread. Inside, the first signal raises Interrupted.

    Not so while the demo is `winding_down`: what is being stopped already is let finish. A second
    signal ends this process, and with it all it started, without another word.
    """

    def __init__(self) -> None:
        self.winding_down = False
        self._asked = False

    def __enter__(self) -> Self:
        self._before = {
            number: signal.signal(number, self._handle)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._asked:
            os._exit(128 + number)
        self._asked = True
        if not self.winding_down:
            raise Interrupted(number)
