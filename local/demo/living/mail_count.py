"""MailCount: how many mails arrived, how fast; keeps the mailboxes from growing for ever."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from local.demo.living.figures import Counts, Mails
from local.mail import MailJournal

KEPT = 500  # mails; one with its PDF has about 65 kB
_WINDOW_S = 10.0


class Rate:
    """How fast a total grew during the last ten seconds."""

    def __init__(self) -> None:
        self._totals: deque[tuple[float, int]] = deque()

    def per_s(self, total: int, *, now: float) -> float:
        """Note the total of this moment; the growth a second."""
        self._totals.append((now, total))
        while len(self._totals) > 2 and self._totals[1][0] <= now - _WINDOW_S:  # noqa: PLR2004
            self._totals.popleft()
        began, first = self._totals[0]
        return (total - first) / (now - began) if now > began else 0.0


class MailCount:
    """Reads what the journal has grown by; removes the files of all but the `kept` last mails.

    Their lines in the journal stay.
    """

    def __init__(self, journal: MailJournal, *, by_hand: str, kept: int = KEPT) -> None:
        self._journal = journal
        self._by_hand = by_hand
        self._position = self._total = self._total_by_hand = 0
        self._kept = kept
        self._files: deque[Path] = deque()
        self._rate = Rate()

    def read(self) -> Mails:
        """The figures now. Raises OSError."""
        mails, self._position = self._journal.after(self._position)
        for mail in mails:
            self._total += 1
            self._total_by_hand += self._by_hand in mail.recipients
            self._files.append(mail.file)
        while len(self._files) > self._kept:
            self._files.popleft().unlink(missing_ok=True)
        per_s = self._rate.per_s(self._total, now=time.monotonic())
        return Mails(total=self._total, by_hand=self._total_by_hand, per_s=per_s)


class SentCount:
    """The same where the mail server is somebody else's: the database's word is taken."""

    def __init__(self, read: Callable[[], Counts]) -> None:
        self._read = read
        self._rate = Rate()

    def read(self) -> Mails:
        """The figures now. Raises what reading the counts raises."""
        counts = self._read()
        per_s = self._rate.per_s(counts.sent, now=time.monotonic())
        return Mails(total=counts.sent, by_hand=counts.sent_by_hand, per_s=per_s)
