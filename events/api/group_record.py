"""The group record: where a consumer group stands, who works for it, what stands still."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from events.api.pause_record import pause_record
from events.auditing.group_list import GroupGlance
from events.auditing.group_standing import GroupMember, Standing
from events.grants import Grants
from events.kafka.standing import PartitionStanding
from events.models import Gap, Seek

KAFKA_AWAY = "Kafka does not answer just now: offsets and lag are not known."


def glance_record(glance: GroupGlance, *, readable: Collection[str]) -> dict[str, Any]:
    """Return the group as a list tells it, without topics that the caller may not read."""
    return {
        "name": glance.group,
        "topics": [topic for topic in glance.topics if topic in readable],
        "living_consumers": glance.living_consumers,
        "is_paused": glance.is_paused,
        "links": {"self": f"/api/v1/groups/{glance.group}"},
    }


def standing_record(standing: Standing, *, grants: Grants) -> dict[str, Any]:
    """Return where the group stands; `kafka` is null, with the reason, while Kafka is away."""
    return {
        "name": standing.group,
        "topics": list(standing.topics),
        "kafka": None if standing.kafka_error else _kafka(standing),
        "kafka_error": KAFKA_AWAY if standing.kafka_error else None,
        "members": [_member(each) for each in standing.members],
        "progress_age_s": standing.progress_age_s,
        "pauses": [pause_record(row, grants=grants) for row in standing.pauses],
        "closed_keys": [asdict(each) for each in standing.closed_keys],
        "seeks": [_seek(row) for row in standing.seeks],
        "gaps": [_gap(row) for row in standing.gaps],
        "open_letters": standing.open_letters,
        "has_more_letters": standing.has_more_letters,
    }


def _kafka(standing: Standing) -> dict[str, Any]:
    return {
        "state": standing.state,
        "lag": standing.lag,
        "partitions": [_partition(each) for each in standing.partitions],
    }


def _partition(row: PartitionStanding) -> dict[str, Any]:
    return {**asdict(row), "lag": row.lag}


def _member(member: GroupMember) -> dict[str, Any]:
    held = [{"topic": topic, "partition": number} for topic, number in member.partitions]
    return {
        "client_id": member.client_id or None,
        "host": member.host or None,
        "pid": member.pid,
        "is_alive": member.is_alive,
        "started_at": member.started_at,
        "beat_at": member.beat_at,
        "progress_at": member.progress_at,
        "partitions": held,
    }


def _seek(row: Seek) -> dict[str, Any]:
    return {
        "id": row.pk,
        "topic": row.topic,
        "partition": row.partition,
        "from_offset": row.from_offset,
        "to_offset": row.to_offset,
        "by": row.by,
        "reason": row.reason,
        "requested_at": row.requested_at,
    }


def _gap(row: Gap) -> dict[str, Any]:
    return {
        "topic": row.topic,
        "partition": row.partition,
        "cause": row.cause,
        "policy": row.policy,
        "from_offset": row.from_offset,
        "to_offset": row.to_offset,
        "missed": row.missed,
        "at": row.at,
    }
