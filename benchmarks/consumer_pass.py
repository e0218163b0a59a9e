"""One pass of a group's consumer over a topic, in a process of its own: `GROUP [--fresh]`.

Prints messages per second, from the first that are done to the last, without the start.
"""

import argparse
import threading
import time

import django

django.setup()

from django.db import connection  # noqa: E402 - needs settings
from django_redis import get_redis_connection  # noqa: E402 - needs settings

from events.conf import waybill  # noqa: E402 - needs settings
from events.consuming.assembly import ConsumerProcess  # noqa: E402 - needs settings
from events.consuming.consumer import Until  # noqa: E402 - needs settings

LOOK_EVERY_S = 0.002


class Pace:
    """Looks at how many messages are done, from a thread of its own."""

    def __init__(self, process: ConsumerProcess) -> None:
        self._process = process
        self._seen: list[tuple[float, int]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def per_second(self) -> float:
        """Messages per second between the first look that saw some done and the last change."""
        self._stop.set()
        self._thread.join()
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began)

    def _look(self) -> None:
        known = 0
        while not self._stop.wait(LOOK_EVERY_S):
            consumer = getattr(self._process, "consumer", None)
            if consumer is not None and consumer.done != known:
                known = consumer.done
                self._seen.append((time.perf_counter(), known))


def forget() -> None:
    """Empty the ledger and Redis, so that every message is new."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE bench_effect, events_consumption, events_inhand")
    connection.close()
    get_redis_connection("dedupe").flushdb()


def main() -> None:
    """Consume the group's topic from its beginning to its end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group")
    parser.add_argument("--fresh", action="store_true", help="forget what is done first")
    options = parser.parse_args()
    if options.fresh:
        forget()
    process = ConsumerProcess(
        group=options.group, settings=waybill(), until=Until(idle=True), from_beginning=True
    )
    pace = Pace(process)
    if process.run(threading.Event()) != 0:
        raise SystemExit("the consumer failed")
    print(pace.per_second())  # noqa: T201 - what the program is for


if __name__ == "__main__":
    main()
