"""Replays of a group, one after the other, in a process of its own: `GROUP TOPIC [--for SECONDS]`.

Prints the messages per second of each, from the first that are passed to the last, without the
start, and at last the counters of the last one.
"""

import argparse
import json
import sys
import threading
import time

import django

django.setup()

from events.conf import waybill  # noqa: E402 - needs settings
from events.models import Replay  # noqa: E402 - as above
from events.observing.collector import collect_rarely  # noqa: E402 - as above
from events.operating.operator import Operator  # noqa: E402 - as above
from events.operating.replays import Replaying  # noqa: E402 - as above
from events.replaying.process import ReplayProcess  # noqa: E402 - as above
from events.replaying.request import ReplayRequest  # noqa: E402 - as above

BY = Operator(name="bench", reason="a benchmark", origin="benchmarks")


class Pace:
    """Hears of a replay's row about twice a second, and at its end."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int]] = []

    def __call__(self, row: Replay) -> None:
        """Note how many messages are passed."""
        passed = _passed(row)
        if passed and (not self._seen or passed > self._seen[-1][1]):
            self._seen.append((time.perf_counter(), passed))

    def per_second(self) -> float:
        """Messages per second between the first look that saw some passed and the last change."""
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began)


def _passed(row: Replay) -> int:
    begun = {f"{each['topic']}:{each['partition']}": each["from"] for each in row.plan}
    return sum(row.positions.get(where, first) - first for where, first in begun.items())


def main() -> None:
    """Replay the group's topic until the time is over, once at least."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group")
    parser.add_argument("topics", nargs="*")
    parser.add_argument("--force", action="store_true", help="run all, in a generation of its own")
    parser.add_argument("--for", type=float, default=0.0, dest="for_s", metavar="SECONDS")
    asked = parser.parse_args()
    collect_rarely()  # as the command does
    request = ReplayRequest(
        group=asked.group,
        topics=tuple(asked.topics),
        mode="force" if asked.force else "missing",
    )
    until = time.monotonic() + asked.for_s
    while True:
        row = Replaying(request).carry_out(by=BY)
        pace = Pace()
        if ReplayProcess(row.pk, settings=waybill(), tell=pace).run(threading.Event()) != 0:
            raise SystemExit("the replay failed")
        row.refresh_from_db()
        json.dump({"per_second": pace.per_second(), "counters": row.counters}, sys.stdout)
        print(flush=True)  # noqa: T201 - a line a replay is what the program is for
        if time.monotonic() >= until:
            return


if __name__ == "__main__":
    main()
