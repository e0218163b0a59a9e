"""Pauses: for how long a group did nothing while there was something to do."""

from itertools import pairwise

from tests.checker.history import History, Place


def longest_pause_s(history: History) -> float:
    """Return the longest time without a call of the handler while a record waited for its first.

    By the clocks of who wrote the records and of the handlers: both on one machine.
    """
    began: dict[Place, float] = {}
    for call in history.trace:
        began[call.place] = min(call.clock, began.get(call.place, call.clock))
    written = {each.place: each.clock for each in history.records}
    calls = [0.0, *sorted(call.clock for call in history.trace)]
    first = sorted((at, written[place]) for place, at in began.items() if place in written)
    longest = 0.0
    waiting_since = float("inf")
    # From the end: what was called later was waiting already at each earlier time it lay there.
    for before, at in reversed(list(pairwise(calls))):
        while first and first[-1][0] >= at:
            waiting_since = min(waiting_since, first.pop()[1])
        longest = max(longest, at - max(before, min(waiting_since, at)))
    return longest
