"""The load, a process: `python -m tests.crash.client` publishes and orders until SIGTERM.

Each request is repeated until it is accepted. What was accepted goes to the journal, the counts go
to the status file every half second, and nothing new is sent while the pause file is there.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from events.stopping import stop_on_signals
from tests.crash.account import Account
from tests.crash.journal import Journal
from tests.crash.lanes import EVENT_LANES, ORDER_LANES, EventLane, Lane, OrderLane

STATUS_EVERY_S = 0.5
LAST_REQUEST_S = 30.0


def main() -> None:
    """Load until SIGTERM."""
    options = _options()
    account, journal = Account(), Journal(options.journal)
    lanes: list[Lane] = [
        kind(each, options=options, account=account, journal=journal)
        for kind, count in ((EventLane, EVENT_LANES), (OrderLane, ORDER_LANES))
        for each in range(count)
    ]
    with stop_on_signals() as stop:
        journal.start()
        for lane in lanes:
            lane.start()
        while not stop.wait(STATUS_EVERY_S):
            _write(options.status, account.status())
    for lane in lanes:
        lane.stop.set()
    for lane in lanes:
        lane.join(LAST_REQUEST_S)
    journal.close()
    _write(options.status, account.status())


def _write(path: Path, status: dict[str, Any]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(status))
    fresh.rename(path)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--keys", type=int, required=True)
    parser.add_argument("--events-per-s", type=float, required=True)
    parser.add_argument("--orders-per-s", type=float, required=True)
    for name in ("journal", "status", "pause-file"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
