"""The replay record: what was asked for, how far it is, and what became of its messages."""

from collections.abc import Mapping
from typing import Any

from events.api.operating.replay_range import range_record
from events.api.shown_bytes import shown_bytes
from events.auditing.replay_progress import PartitionProgress, partitions_of, progress_of
from events.grants import Grants, Right
from events.models import Replay
from events.replaying.counters import ABSENT, ARCHIVED, OUTCOMES
from events.replaying.request import ReplayRequest
from events.replaying.stored_request import request_of

COUNTED = (*OUTCOMES, ARCHIVED, ABSENT)
_GAP = ("topic", "partition", "from", "to", "offsets", "events", "events_count")


def replay_address(replay: Replay) -> str:
    """Return the path under which the replay is read."""
    return f"/api/v1/replays/{replay.pk}"


def replay_record(replay: Replay, *, grants: Grants) -> dict[str, Any]:
    """Return the record; the bytes of a key are for those who may see values."""
    asked = request_of(replay)
    return {
        "id": replay.pk,
        "group": replay.group,
        "topics": replay.topics,
        "range": range_record(asked.range),
        "type": asked.type,
        **_key(asked, grants=grants),
        "mode": replay.mode,
        "rate": replay.rate,
        "from_archive": replay.from_archive,
        "state": replay.state,
        "by": replay.by,
        "reason": replay.reason,
        "requested_at": replay.requested_at,
        "started_at": replay.started_at,
        "finished_at": replay.finished_at,
        "progress_at": replay.progress_at,
        "progress": progress_of(replay),
        "counters": {name: replay.counters.get(name, 0) for name in COUNTED},
        "host": replay.host or None,
        "pid": replay.pid,
        "links": {"self": replay_address(replay)},
    }


def whole_replay_record(replay: Replay, *, grants: Grants) -> dict[str, Any]:
    """Return the record with each partition, and the report as far as it is written."""
    return replay_record(replay, grants=grants) | {
        "partitions": [_partition(row) for row in partitions_of(replay)],
        "report": {
            "gaps": [_gap(gap) for gap in replay.report.get("gaps", [])],
            "gaps_cut": replay.report.get("gaps_cut", False),
            "note": replay.report.get("note", ""),
        },
    }


def _key(asked: ReplayRequest, *, grants: Grants) -> dict[str, Any]:
    is_shown = all(grants.allows(Right.VALUES, topic) for topic in asked.topics)
    if asked.key is None or is_shown:
        return shown_bytes("key", asked.key)
    return {"key_withheld": True}


def _partition(row: PartitionProgress) -> dict[str, Any]:
    return {
        "topic": row.topic,
        "partition": row.partition,
        "from": row.from_offset,
        "to": row.to_offset,
        "position": row.position,
        "first": row.first,
        "end": row.end,
        "committed": row.committed,
    }


def _gap(gap: Mapping[str, Any]) -> dict[str, Any]:
    return {name: gap[name] for name in _GAP}
