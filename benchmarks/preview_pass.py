"""How long the preview of a day takes, in a process of its own, as JSON.

Produces the first day of the large data to Kafka, where nothing is yet, and previews its replay
by the group of billing, over all topics.
"""

import json
import os
import statistics
import sys
import time

import django

django.setup()

import psycopg  # noqa: E402 - after settings, as all below
from django.core.management import call_command  # noqa: E402

from benchmarks.large.day import DAY, first_moment, produce_day  # noqa: E402
from benchmarks.large.shapes import BILLING  # noqa: E402
from events.operating.replays import Replaying  # noqa: E402
from events.replaying.preview import Preview  # noqa: E402
from events.replaying.request import ReplayRequest, Times  # noqa: E402

ROUNDS = 20
# The least one can count: the same rows, by the same index.
RAW = """
SELECT outcome, count(*) FROM events_consumption
WHERE topic = %(topic)s AND partition = %(partition)s AND "offset" >= %(from)s
  AND "offset" < %(to)s AND "group" = %(group)s GROUP BY 1
"""


def main() -> None:
    """Preview it again and again and print what it took."""
    url = os.environ["DATABASE_URL"]
    call_command("synctopics", apply=True, stdout=sys.stderr)
    produce_day(url, bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"])
    with psycopg.connect(url) as connection:
        start = first_moment(connection)
    request = ReplayRequest(group=BILLING, range=Times(start=start, before=start + DAY))
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = Replaying(request).preview()
        took.append((time.perf_counter() - began) * 1_000)
    raw = _raw(url, found)
    answer = {
        "messages": found.messages,
        "done": found.done,
        "left": found.left,
        "would_run": found.would_run,
        "p50": statistics.median(took),
        "p95": statistics.quantiles(took, n=20)[18],
        "worst": max(took),
        "raw": raw,
    }
    json.dump(answer, sys.stdout)


def _raw(url: str, found: Preview) -> float:
    took = []
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            for row in found.rows:
                asked = {
                    "topic": row.topic,
                    "partition": row.partition,
                    "from": row.from_offset,
                    "to": row.to_offset,
                    "group": BILLING,
                }
                connection.execute(RAW, asked).fetchall()
            took.append((time.perf_counter() - began) * 1_000)
    return statistics.median(took)


if __name__ == "__main__":
    main()
