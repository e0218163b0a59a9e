"""Treatment: what the proxy does to the streams now, and what it did so far."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

Direction = Literal["to_server", "to_client"]
Matches = bytes | Callable[[bytes], bool]


@dataclass(kw_only=True, slots=True)
class Counts:
    """What the proxy did since its start.

    `connections` accepted, pieces of a stream `delayed` and `swallowed`, connections `dropped`
    while they were open, and `cut` between a request and its reply.
    """

    connections: int = 0
    delayed: int = 0
    swallowed: int = 0
    dropped: int = 0
    cut: int = 0


class Kind(Enum):
    """The modes of the proxy."""

    PASS = auto()
    DELAY = auto()
    DROP = auto()
    BLACK_HOLE = auto()
    CUT_AFTER = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Mode:
    """A mode with what belongs to it."""

    kind: Kind = Kind.PASS
    delay_s: float = 0.0
    directions: tuple[Direction, ...] = ()
    matches: Matches = b""

    def matched_by(self, request: bytes) -> bool:
        """Whether what is looked for is in a piece of a request."""
        if callable(self.matches):
            return self.matches(request)
        return self.matches in request


class Treatment:
    """Shared by all threads of one proxy."""

    def __init__(self) -> None:
        self.mode = Mode()
        self.counts = Counts()
        self._cuts_left = 0
        self._lock = threading.Lock()

    def switch(self, mode: Mode, *, cuts: int = 0) -> None:
        """Treat everything so from now on."""
        with self._lock:
            self.mode = mode
            self._cuts_left = cuts

    def count(self, what: str) -> None:
        """Add one to a counter."""
        with self._lock:
            setattr(self.counts, what, getattr(self.counts, what) + 1)

    def delay_s(self, direction: Direction) -> float:
        """How long a piece of a stream is held back."""
        mode = self.mode
        return mode.delay_s if direction in mode.directions else 0.0

    def swallows(self) -> bool:
        """Whether pieces vanish."""
        return self.mode.kind is Kind.BLACK_HOLE

    def takes_cut(self, request: bytes) -> bool:
        """Whether this request's connection is to be cut; each yes is one of the times."""
        with self._lock:
            if not self._cuts_left or not self.mode.matched_by(request):
                return False
            self._cuts_left -= 1
            return True

    def kept(self, request: bytes) -> bytes:
        """Return the end of a piece that may be the beginning of what is looked for."""
        matches = self.mode.matches
        most = 0 if callable(matches) else len(matches) - 1
        return request[-most:] if most > 0 else b""
