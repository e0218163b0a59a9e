"""Account: what a load's lanes have seen, counted together."""

import threading
from collections import Counter
from typing import Any

from tests.crash.connection import Answer

REFUSALS_SHOWN = 20


class Account:
    """What happened so far, counted by all lanes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: Counter[str] = Counter()
        self._accepted: Counter[str] = Counter()
        self._refused: list[str] = []
        self._in_hand = 0

    def began(self) -> None:
        """A lane has something to be accepted."""
        with self._lock:
            self._in_hand += 1

    def ended(self, kind: str, *, is_accepted: bool) -> None:
        """A lane has nothing more in hand."""
        with self._lock:
            self._in_hand -= 1
            self._accepted[kind] += is_accepted

    def answered(self, answer: Answer | str) -> None:
        """Count an answer, or why there was none."""
        with self._lock:
            self._answers[answer if isinstance(answer, str) else str(answer.status)] += 1

    def refused(self, what: str) -> None:
        """Remember what the server will never take: that must not happen here."""
        with self._lock:
            self._refused.append(what)

    def status(self) -> dict[str, Any]:
        """Everything, as it is now."""
        with self._lock:
            return {
                "events": self._accepted["event"],
                "orders": self._accepted["order"],
                "in_hand": self._in_hand,
                "answers": dict(self._answers),
                "refused": self._refused[:REFUSALS_SHOWN],
            }
