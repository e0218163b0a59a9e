"""One pass over large data in a process of its own: how long waybills and lists take, as JSON.

DATABASE_URL names the database; `--rounds` says how often each list is asked for.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import django

django.setup()

import psycopg  # noqa: E402 - after settings, as all below
from django.contrib.auth.models import Permission, User  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Max, Min  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks.large.questions import Question, questions  # noqa: E402
from benchmarks.large.shapes import TINY  # noqa: E402
from events.auditing.finding import find  # noqa: E402
from events.auditing.waybill import waybill  # noqa: E402
from events.models import Event, TopicGrant  # noqa: E402

# The least one can ask: what an order's newest event left in the four tables, in one statement.
RAW = """
WITH e AS MATERIALIZED (
    SELECT * FROM events_event WHERE key = %(key)s ORDER BY accepted_at DESC LIMIT 1
)
SELECT (SELECT to_jsonb(e) - 'value' FROM e),
  (SELECT jsonb_agg(p) FROM events_publication p WHERE p.event_id = (SELECT id FROM e)),
  (SELECT jsonb_agg(c) FROM events_consumption c WHERE c.event_id = (SELECT id FROM e)),
  (SELECT jsonb_agg(a) FROM events_attempt a WHERE a.event_id = (SELECT id FROM e)),
  (SELECT jsonb_agg(d) FROM events_deadletter d WHERE d.event_id = (SELECT id FROM e))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """Milliseconds of several times the same question."""

    p50: float
    p95: float
    worst: float


def main() -> None:
    """Ask everything and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waybills", type=int, default=500)
    parser.add_argument(
        "--rounds", type=int, default=5, help="of the lists; the first not counted"
    )
    asked = parser.parse_args()
    span = Event.objects.aggregate(first=Min("accepted_at"), last=Max("accepted_at"))
    keys = _order_ids(asked.waybills)
    clients = {"all": _client(superuser=True), "tiny": _client(superuser=False)}
    for client in clients.values():  # what a process loads at its first requests is no list's
        client.get("/api/v1/limits")
        client.get("/admin/")
    answer = {
        "raw": asdict(_raw(keys)),
        "waybill": asdict(_waybills(keys)),
        "hot": asdict(_waybills([str(each) for each in range(4)] * 5)),
        "lists": {
            name: asdict(took)
            for name, took in _lists(clients, span["first"], span["last"], rounds=asked.rounds)
        },
    }
    json.dump(answer, sys.stdout)


def _order_ids(number: int) -> list[str]:
    """Return the keys of as many events, drawn from all of their time."""
    rng = random.Random(5)  # noqa: S311 - the same again
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM events_publication")
        newest = cursor.fetchone()[0]
        places = [rng.randint(1, newest) for _ in range(number)]
        cursor.execute(
            "SELECT e.key FROM events_publication p JOIN events_event e ON e.id = p.event_id"
            " WHERE p.id = ANY(%s)",
            [places],
        )
        return [key for (key,) in cursor.fetchall() if len(key) > 1]


def _raw(keys: list[str]) -> Took:
    info = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{name: info[name] for name in names}, autocommit=True) as raw:
        return _timed([partial(_asked_raw, raw, key) for key in keys])


def _asked_raw(raw: psycopg.Connection, key: str) -> None:
    raw.execute(RAW, {"key": key}).fetchall()


def _waybills(keys: list[str]) -> Took:
    return _timed([partial(_waybill, key) for key in keys])


def _waybill(key: str) -> None:
    waybill(next(UUID(match.id) for match in find(key).matches if match.type == "event"))


def _lists(
    clients: dict[str, Client], first: datetime, last: datetime, *, rounds: int
) -> Iterator[tuple[str, Took]]:
    for question in questions(first, last):
        asking = [partial(_ask, clients[question.who], question)] * rounds
        yield question.name, _timed(asking, warm_up=1 if rounds > 1 else 0)


def _ask(client: Client, question: Question) -> None:
    answer = client.get(question.path)
    if answer.status_code != 200:  # noqa: PLR2004 - HTTP's
        raise RuntimeError(f"{question.path} answered {answer.status_code}")


def _timed(asking: Sequence[Callable[[], None]], *, warm_up: int = 0) -> Took:
    taken = []
    for ask in asking:
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1_000)
    counted = taken[warm_up:]
    cuts = statistics.quantiles(counted, n=20) if len(counted) > 1 else counted * 19
    return Took(p50=cuts[9], p95=min(cuts[18], max(counted)), worst=max(counted))


def _client(*, superuser: bool) -> Client:
    name = "bench-all" if superuser else "bench-tiny"
    user, is_new = User.objects.get_or_create(
        username=name, defaults={"is_staff": True, "is_superuser": superuser}
    )
    if is_new and not superuser:
        user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
        TopicGrant.objects.create(user=user, topic=TINY.name, may_read=True)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


if __name__ == "__main__":
    main()
