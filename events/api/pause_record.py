"""The pause record: what stands still of a group, and why; a closed key is a pause of one key."""

from typing import Any

from events.api.shown_bytes import shown_bytes
from events.grants import Grants, Right
from events.models import ClosedKey, Pause


def pause_record(row: Pause | ClosedKey, *, grants: Grants) -> dict[str, Any]:
    """Return the record; the bytes of a key are for those who may see values."""
    return {
        "id": row.pk,
        "group": row.group,
        "topic": row.topic or None,
        **(_of_key(row, grants) if isinstance(row, ClosedKey) else _of_pause(row)),
        "by": row.by,
        "reason": row.reason,
        "until": row.until,
        "links": {"resume": f"/api/v1/pauses/{row.pk}/resume"},
    }


def _of_pause(row: Pause) -> dict[str, Any]:
    return {
        "what": "partition" if row.partition is not None else "topic" if row.topic else "group",
        "cause": ClosedKey.Cause.PAUSED.value,
        "partition": row.partition,
        "head": None,
        "since": row.paused_at,
        "resumed_at": row.resumed_at,
    }


def _of_key(row: ClosedKey, grants: Grants) -> dict[str, Any]:
    is_shown = grants.allows(Right.VALUES, row.topic)
    return {
        "what": "key",
        "cause": row.cause,
        "partition": None,
        **(shown_bytes("key", row.key) if is_shown else {"key_withheld": True}),
        "head": row.head_id,
        "since": row.closed_at,
        "resumed_at": row.released_at,
    }
