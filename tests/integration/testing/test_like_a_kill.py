"""What a crash of the kit leaves is what SIGKILL leaves of a real consumer process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django_redis import get_redis_connection

from events.event import ReceivedEvent
from events.models import Attempt, Consumption, DeadLetter, Heartbeat, InHand
from events.testing import broker
from events.testing.kit import WaybillKit
from tests.waiting import wait_until

TYPE = "thing.happened"
ROOT = Path(__file__).resolve().parents[3]
EFFECTS_TABLE = """
    CREATE TABLE failpoints_effect (
        id bigint GENERATED ALWAYS AS IDENTITY, "group" text, key text, source text, ce_id text,
        topic text, partition int, "offset" bigint)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What a dead consumer left, without what differs from run to run."""

    effects: int
    rows: list[Any]
    in_hand: list[Any]
    attempts: int
    letters: int
    heartbeats: int
    marked: int
    committed: list[int | None]
    sessions: int


@pytest.fixture
def effects_table(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(EFFECTS_TABLE)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE failpoints_effect")


@pytest.mark.parametrize(
    ("step", "point"),
    [
        ("polled", "c.polled"),
        ("checked", "c.checked"),
        ("claimed", "c.claimed"),
        ("handler", "c.handler"),
        ("committed", "c.db_committed"),
        ("marked", "c.marked"),
        ("offset_committed", "c.offset_committed"),
    ],
)
def test_the_same_is_left(
    *,
    waybill: WaybillKit,
    effects_table: None,
    declare: Any,
    database_url: str,
    tmp_path: Path,
    step: str,
    point: str,
) -> None:
    topic = waybill.make_topic()
    killed, crashed = f"{topic}_killed", f"{topic}_crashed"
    for n in range(2):
        waybill.publish(topic, type=TYPE, data={"n": n}, key="k")
    broker.put(killed, {(topic, 0): 0})  # as the kit does: else its first commit is where it began
    kill_a_real_one(topic, killed, point=point, database_url=database_url, tmp_path=tmp_path)

    declare(topic, record_effect, group=crashed)
    waybill.crash_at(step)
    assert waybill.drain(crashed).crashed_at == step

    assert left_by(crashed, topic) == left_by(killed, topic)
    assert waybill.drain(crashed).crashed_at is None


def kill_a_real_one(
    topic: str, group: str, *, point: str, database_url: str, tmp_path: Path
) -> None:
    """Run `manage.py runconsumer` until it kills itself at the point."""
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", "runconsumer", group],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url,
            "DJANGO_SETTINGS_MODULE": "tests.acceptance.settings",
            "EXTRA_APPS": "tests.failpoints",
            "FAILPOINTS": f"{point}=kill@1:{tmp_path / 'reached'}",
            "ACCEPTANCE_TOPIC": topic,
            "ACCEPTANCE_GROUP": group,
            "ACCEPTANCE_TRACE": str(tmp_path / "trace"),
        },
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL


def record_effect(event: ReceivedEvent) -> None:
    Group.objects.create(name=f"{event.position}")


def left_by(group: str, topic: str) -> Left:
    with connection.cursor() as cursor:
        cursor.execute('SELECT count(*) FROM failpoints_effect WHERE "group" = %s', [group])
        (effects,) = cursor.fetchone()
    if group.endswith("_crashed"):
        effects = Group.objects.count()
    wait_until(lambda: sessions() == 0)
    rows = Consumption.objects.filter(group=group).order_by("offset")
    keys = get_redis_connection("dedupe").keys(f"{group}:*")
    return Left(
        effects=effects,
        rows=list(rows.values_list("offset", "outcome", "attempts", "lease_token", "error")),
        in_hand=list(
            InHand.objects.filter(group=group).values_list("first_offset", "last_offset")
        ),
        attempts=Attempt.objects.filter(group=group).count(),
        letters=DeadLetter.objects.filter(group=group).count(),
        heartbeats=Heartbeat.objects.filter(name=group).count(),
        marked=len(keys),
        committed=[each.committed for each in broker.partitions([topic], group=group)],
        sessions=sessions(),
    )


def sessions() -> int:
    """Sessions of consumers: those of the test itself and of the kit's relay are no such."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND application_name = 'waybill'"
        )
        return int(cursor.fetchone()[0])
