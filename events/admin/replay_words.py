"""A replay in words: what it reads again, of what, how, and what became of its messages."""

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.admin import columns
from events.models import Replay
from events.replaying import counters

_LONGEST_S = 3650 * 86_400.0

Words = SafeString | str

_MODES = {
    Replay.Mode.MISSING: "only what the group's ledger has no row of",
    Replay.Mode.FORCE: "by force: everything, whatever the ledger says",
}
# What each counter counts: in the order of the bar, with its tone.
_COUNTED = (
    (counters.SUCCEEDED, "Handled", "success", "run by this replay"),
    (counters.DONE, "Done already", "info", "not run again"),
    (counters.FAILED, "Failed", "danger", "run by this replay, now dead letters"),
    (counters.UNDECODABLE, "Undecodable", "danger", "dead letters: no handler can get them"),
    (counters.DEAD_LETTERED, "Dead letters", "warning", "given up before; left for people"),
    (counters.UNKNOWN, "Unknown outcomes", "warning", "nobody knows; left for people"),
    (counters.QUARANTINED, "Of closed keys", "warning", "left: they run when the key opens"),
    (counters.IN_WORK, "In work", "warning", "left to the group's own consumers"),
    (counters.OTHER, "Not chosen", "quiet", "another type, key or time, or no handler"),
    (counters.ABSENT, "No message", "quiet", "offsets that hold none"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """One of the counters, as the page tells it."""

    name: str
    title: str
    tone: str
    hint: str
    count: int

    @property
    def count_told(self) -> str:
        """The count as people read it."""
        return f"{self.count:,}"


def range_words(replay: Replay) -> Words:
    """Say which messages are read again."""
    bounds = replay.bounds
    if replay.range == Replay.Range.TIMESTAMPS:
        return _times(bounds.get("from"), bounds.get("before"))
    if replay.range == Replay.Range.OFFSETS:
        return _offsets(bounds)
    return "everything there is"


def choice_words(replay: Replay) -> Words:
    """Say of which type or key they are; empty if of all."""
    if "type" in replay.only:
        return format_html("type {}", columns.code(replay.only["type"]))
    if "key" in replay.only:
        return format_html("key {}", columns.key(base64.b64decode(replay.only["key"])))
    return ""


def what_words(replay: Replay) -> Words:
    """Say which messages, of which type or key, are read again."""
    only = choice_words(replay)
    return format_html("{}, only {}", range_words(replay), only) if only else range_words(replay)


def asked_words(replay: Replay) -> list[tuple[str, Words]]:
    """Say what was asked for, each with its name."""
    rate = "as fast as it goes" if replay.rate is None else f"at most {replay.rate:g} a second"
    archive = "taken from the stored events" if replay.from_archive else "left out, and named"
    only = choice_words(replay)
    return [
        ("Group", replay.group),
        ("Topics", ", ".join(replay.topics) or "all it subscribes to"),
        ("Messages", range_words(replay)),
        *([("Only", only)] if only else []),
        ("Runs", _MODES[Replay.Mode(replay.mode)]),
        ("Rate", rate),
        ("Gone from Kafka", archive),
    ]


def counted(replay: Replay) -> list[Counted]:
    """Return what was counted so far; of the others, only those that found something."""
    always = (counters.SUCCEEDED, counters.DONE)
    return [
        Counted(name=name, title=title, tone=tone, hint=hint, count=count)
        for name, title, tone, hint in _COUNTED
        if (count := int(replay.counters.get(name, 0))) or name in always
    ]


def percent(share: float) -> str:
    """Return the share as people read it; nothing is complete before it is."""
    return f"{math.floor(100 * share)}%"


def lasting(duration_s: float) -> str:
    """Return a duration as people say it: `12 s`, `3 min 20 s`, `2 h 5 min`."""
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    left = round(min(max(0.0, duration_s), _LONGEST_S))
    told: list[str] = []
    for unit, size_s in units:
        count, left = divmod(left, size_s)
        if count or (unit == "s" and not told):
            told.append(f"{count} {unit}")
    return " ".join(told[:2])


def _times(start: str | None, before: str | None) -> Words:
    moments = [columns.moment(datetime.fromisoformat(each)) for each in (start, before) if each]
    if start and before:
        return format_html("from {} until before {}", *moments)
    if moments:
        return format_html("from {} on" if start else "before {}", *moments)
    return "everything there is"


def _offsets(bounds: dict[str, Any]) -> str:
    own = bounds.get("by_partition") or {}
    said = [_between(bounds.get("from"), bounds.get("before"))]
    if bounds.get("partition") is not None:
        said.insert(0, f"partition {bounds['partition']}")
    if own and said == [""]:
        said = []
    said += _by_partition(own)
    return ", ".join(each for each in said if each) or "everything there is"


def _by_partition(own: dict[str, Any]) -> Iterator[str]:
    if len(own) > 1:
        yield f"offsets of their own in {len(own)} partitions"
        return
    for partition, (low, high) in own.items():
        yield f"{partition} {_between(low, high)}".strip()


def _between(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f"offset {low:,}" if high == low + 1 else f"offsets {low:,} to {high - 1:,}"
    if low is not None:
        return f"offsets from {low:,} on"
    return "" if high is None else f"offsets up to {high - 1:,}"
