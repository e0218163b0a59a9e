"""The stored request: a ReplayRequest as the fields of a Replay have it, and back."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from events.kafka.record import Partition
from events.models import Replay
from events.replaying.request import All, Offsets, ReplayRequest, Times


def stored(request: ReplayRequest) -> dict[str, Any]:
    """Return the request as fields of a Replay."""
    kind, bounds = _stored_range(request.range)
    return {
        "group": request.group,
        "topics": list(request.topics),
        "range": kind,
        "bounds": bounds,
        "only": _stored_choice(request),
        "mode": Replay.Mode(request.mode),
        "rate": request.rate,
        "from_archive": request.from_archive,
    }


def request_of(replay: Replay) -> ReplayRequest:
    """Return what was asked for; its topics are always named."""
    key = replay.only.get("key")
    return ReplayRequest(
        group=replay.group,
        topics=tuple(replay.topics),
        range=_range(replay.range, replay.bounds),
        type=replay.only.get("type"),
        key=None if key is None else base64.b64decode(key),
        mode="force" if replay.mode == Replay.Mode.FORCE else "missing",
        rate=replay.rate,
        from_archive=replay.from_archive,
    )


def _stored_choice(request: ReplayRequest) -> dict[str, str]:
    if request.type is not None:
        return {"type": request.type}
    if request.key is not None:
        return {"key": base64.b64encode(request.key).decode()}
    return {}


def _stored_range(range_: All | Offsets | Times) -> tuple[Replay.Range, dict[str, Any]]:
    match range_:
        case Times(start=start, before=before):
            return Replay.Range.TIMESTAMPS, {
                "from": start and start.isoformat(),
                "before": before and before.isoformat(),
            }
        case Offsets(first=first, before=before_, partition=partition, by_partition=own):
            return Replay.Range.OFFSETS, {
                "from": first,
                "before": before_,
                "partition": partition,
                "by_partition": {
                    f"{t}:{p}": list(bounds) for (t, p), bounds in (own or {}).items()
                },
            }
        case All():
            return Replay.Range.ALL, {}


def _range(kind: str, bounds: Mapping[str, Any]) -> All | Offsets | Times:
    if kind == Replay.Range.TIMESTAMPS:
        start, before = (bounds.get(name) for name in ("from", "before"))
        return Times(
            start=datetime.fromisoformat(start) if start else None,
            before=datetime.fromisoformat(before) if before else None,
        )
    if kind == Replay.Range.OFFSETS:
        own = bounds.get("by_partition") or {}
        return Offsets(
            first=bounds.get("from"),
            before=bounds.get("before"),
            partition=bounds.get("partition"),
            by_partition={
                _partition(name): cast("tuple[int | None, int | None]", tuple(pair))
                for name, pair in own.items()
            }
            or None,
        )
    return All()


def _partition(name: str) -> Partition:
    topic, _, number = name.rpartition(":")
    return topic, int(number)
