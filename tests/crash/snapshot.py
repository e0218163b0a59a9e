"""Snapshot: who holds what and moved when, for whoever has to find out why nothing drains."""

import psycopg
from confluent_kafka import KafkaException

from tests.acceptance.system import System
from tests.checker import dump
from tests.crash.topics import INVOICES_GROUP, INVOICES_TOPIC

_BEATS = """
SELECT role, name, pid, assignment::text, round(extract(epoch FROM now() - beat_at)),
       round(extract(epoch FROM now() - progress_at))
FROM events_heartbeat WHERE beat_at > now() - interval '1 minute' ORDER BY role, name, pid
"""


def snapshot(system: System) -> list[str]:
    """Return lines: the lag of each group, and each process with its beat and its last move."""
    return [*_lags(system), *_beats(system)]


def _lags(system: System) -> list[str]:
    watched = {system.group: system.topic, INVOICES_GROUP: INVOICES_TOPIC}
    try:
        return [
            f"lag of {group}: {dump.lag(group, [topic], kafka=system.kafka)}"
            for group, topic in watched.items()
        ]
    except KafkaException as error:
        return [f"lag: {error}"]


def _beats(system: System) -> list[str]:
    try:
        with system.database() as connection:
            rows = connection.execute(_BEATS).fetchall()
    except psycopg.Error as error:
        return [f"heartbeats: {error}"]
    return [
        f"{role} {name} {pid} holds {assignment}; beat {beat_s} s ago, moved {moved_s} s ago"
        for role, name, pid, assignment, beat_s, moved_s in rows
    ]
