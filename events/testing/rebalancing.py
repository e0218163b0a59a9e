"""Rebalancing: a second member joins and leaves while the first one consumes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from events.conf import Waybill
from events.testing.crashes import Crashes
from events.testing.member import Member

_STEP_S = 0.02


class Rebalance:
    """The two members of a block; what the second one got to do is there when it has left."""

    def __init__(self, group: str, *, settings: Waybill, crashes: Crashes) -> None:
        self._first = Member(group, settings=settings, crashes=crashes)
        self._second = Member(group, settings=settings, crashes=crashes)
        self._wanted: frozenset[tuple[str, int]] = frozenset()
        self.moved: frozenset[tuple[str, int]] = frozenset()  # partitions the second one had

    @property
    def done_by_first(self) -> int:
        """How many messages the member that stayed is done with."""
        return self._first.done

    @property
    def done_by_second(self) -> int:
        """How many messages the member that came and left is done with."""
        return self._second.done

    def begin(self, deadline: float) -> None:
        """Start the first member and wait until it has partitions."""
        self._first.start()
        _until(lambda: bool(self._first.assignment), self._first, deadline)

    def join_and_leave(self, deadline: float) -> None:
        """Have the second one come when the first has begun, and go when it did something."""
        _until(lambda: self._first.done > 0, self._first, deadline)
        self._second.start()
        _until(lambda: bool(self._second.assignment), self._second, deadline)
        self.moved = self._second.assignment
        _until(lambda: self._second.done > 0, self._second, deadline)
        self._second.stop()

    def end(self) -> None:
        """Stop whoever still runs."""
        for member in (self._second, self._first):
            member.stop()


@contextmanager
def rebalanced(
    group: str, *, settings: Waybill, crashes: Crashes, timeout_s: float
) -> Iterator[Rebalance]:
    """Run the block between the first member's start and the second one's end.

    Raises AssertionError if the second one did not get any message to do within `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    members = Rebalance(group, settings=settings, crashes=crashes)
    failures: list[AssertionError] = []

    def churn() -> None:
        try:
            members.join_and_leave(deadline)
        except AssertionError as failure:
            failures.append(failure)

    churning = threading.Thread(target=churn, name="rebalance", daemon=True)
    try:
        members.begin(deadline)
        churning.start()
        yield members
        churning.join()
    finally:
        members.end()
    if failures:
        raise failures[0]


def _until(reached: Callable[[], bool], member: Member, deadline: float) -> None:
    while not reached():
        member.check()
        if time.monotonic() > deadline:
            raise AssertionError(
                f"the second member of {member.group!r} did not get its share in time: publish "
                "more in the block, with keys that reach every partition"
            )
        threading.Event().wait(_STEP_S)
