"""Draining: relay and consume, again and again, until nothing waits or a process dies."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from events.conf import Waybill
from events.testing.crashes import Crashes
from events.testing.member import Member
from events.testing.moving import Mover
from events.testing.remainder import remainder_of
from events.testing.report import Report, tally

_PAUSE_S = 0.05


@dataclass(kw_only=True, slots=True)
class Draining:
    """One drain of some groups. Handlers may publish: what they did is relayed and consumed."""

    groups: Sequence[str]
    settings: Waybill
    crashes: Crashes
    mover: Mover
    _messages: int = field(default=0, init=False)
    _attempts: int = field(default=0, init=False)

    def run(self, *, timeout_s: float) -> Report:
        """Return what was done; raises AssertionError telling what waits after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        before = tally(self.groups)
        crashed_at = self._until_nothing_waits(deadline, timeout_s)
        after = tally(self.groups)
        return Report(
            messages=self._messages,
            handled=after.handled - before.handled,
            attempts=self._attempts,
            dead_letters=after.dead_letters - before.dead_letters,
            unknown=after.unknown - before.unknown,
            crashed_at=crashed_at,
        )

    def _until_nothing_waits(self, deadline: float, timeout_s: float) -> str | None:
        while True:
            if crashed_at := self._round(deadline):
                return crashed_at
            remainder = remainder_of(self.groups)
            if not remainder:
                return None
            if not remainder.passing:
                raise AssertionError(f"this waits for people:{remainder}")
            if time.monotonic() > deadline:
                raise AssertionError(f"after {timeout_s:g} s there still waits:{remainder}")
            threading.Event().wait(_PAUSE_S)

    def _round(self, deadline: float) -> str | None:
        if crashed_at := self.mover.move_all(deadline=deadline):
            return crashed_at
        for group in self.groups:
            if crashed_at := self._consume(group, deadline):
                return crashed_at
        return None

    def _consume(self, group: str, deadline: float) -> str | None:
        member = Member(group, settings=self.settings, crashes=self.crashes, until_idle=True)
        member.start()
        if not member.wait(deadline - time.monotonic()):
            member.stop()
        member.check()
        self._messages += member.done
        self._attempts += member.attempts
        return member.died_at
