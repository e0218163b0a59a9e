"""The progress of a replay while it runs: one line that is rewritten, or a line now and then."""

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from events.auditing.replay_progress import partitions_of
from events.management.replay_words import SHORT, number
from events.models import Replay

LINE_EVERY_S = 5.0  # where lines stay
BAR = 20  # characters
SPEED_OVER_S = 10.0
_CLEAR = "\x1b[2K"
State = Replay.State


class Stream(Protocol):
    """What lines go to."""

    def write(self, text: str, /) -> object:
        """Write a text as it is."""

    def flush(self) -> object:
        """Let it be seen."""


class ReplayProgress:
    """Shows how far a replay is: `show` it as often as its row is heard of, `close` at the end.

    With `columns` (the width of a terminal) one line is rewritten; without, a line is written
    every few seconds, at the end, and when the replay is paused or goes on.
    """

    def __init__(
        self,
        out: Stream,
        *,
        columns: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out
        self._columns = columns
        self._clock = clock
        self._passed: deque[tuple[float, int]] = deque()
        self._said: tuple[float, str, str] = (float("-inf"), "", "")

    def show(self, replay: Replay) -> None:
        """Show the row as it is now."""
        now = self._clock()
        line = self._line(replay, now)
        if self._columns is not None:
            # Back to its beginning: what is logged meanwhile has a line of its own.
            self._write(f"{_CLEAR}{line[: max(1, self._columns() - 1)]}\r")
        elif now - self._said[0] >= LINE_EVERY_S or replay.state != self._said[1]:
            self._write(f"{line}\n")
        else:
            self._said = (*self._said[:2], line)
            return
        self._said = (now, replay.state, "")

    def close(self) -> None:
        """End the line that was rewritten, or write the last one, if it was not written yet."""
        if self._columns is not None:
            if self._said[1]:
                self._write("\n")
        elif self._said[2]:
            self._write(f"{self._said[2]}\n")
        self._said = (self._said[0], "", "")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()

    def _line(self, replay: Replay, now: float) -> str:
        rows = partitions_of(replay)
        passed, total = sum(row.passed for row in rows), sum(row.offsets for row in rows)
        share = passed / total if total else 1.0
        words = [f"{int(share * 100):3d} %", f"{number(passed)} of {number(total)}"]
        if self._columns is not None:
            full = int(share * BAR)
            words[0] = f"[{'#' * full}{'-' * (BAR - full)}] {words[0]}"
        speed = self._speed(passed, now)
        if replay.state == State.RUNNING and speed:
            words += [f"{number(round(speed))}/s", f"{_duration((total - passed) / speed)} left"]
        if replay.state != State.RUNNING:
            words.append(replay.state)
        counters = [
            f"{name} {number(replay.counters[key])}"
            for key, name in SHORT.items()
            if replay.counters.get(key)
        ]
        return "  ".join([*words, ", ".join(counters)]).rstrip()

    def _speed(self, passed: int, now: float) -> float:
        """Return offsets a second, over the last seconds."""
        self._passed.append((now, passed))
        while len(self._passed) > 2 and self._passed[1][0] <= now - SPEED_OVER_S:  # noqa: PLR2004 - a first and a last one
            self._passed.popleft()
        since, before = self._passed[0]
        return (passed - before) / (now - since) if now > since else 0.0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
