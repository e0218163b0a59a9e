"""What of a group a command stops and starts: all of it, a topic, a partition or a key."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from typing import Any

from events.management.table import table
from events.models import ClosedKey, Pause

_HEAD = ("what", "why", "by", "since", "until", "id")


def add_place_options(parser: ArgumentParser) -> None:
    """Add --topic, --partition and --key."""
    parser.add_argument("--topic", default="", help="only this topic")
    parser.add_argument("--partition", type=int, help="only this partition of --topic")
    parser.add_argument("--key", help="only this key of --topic")


def place_in(options: dict[str, Any]) -> dict[str, Any]:
    """Return topic, partition and key as they were given."""
    key: str | None = options["key"]
    return {
        "topic": options["topic"],
        "partition": options["partition"],
        "key": None if key is None else key.encode("utf-8", "surrogateescape"),
    }


def place_of(row: Pause | ClosedKey) -> str:
    """Return what stands still, in words."""
    if isinstance(row, ClosedKey):
        return f"key {bytes(row.key).decode('utf-8', 'backslashreplace')!r} of {row.topic}"
    if row.partition is not None:
        return f"partition {row.partition} of {row.topic}"
    return row.topic or "the whole group"


def is_at(row: Pause | ClosedKey, *, topic: str, partition: int | None, key: bytes | None) -> bool:
    """Whether it is exactly this that stands still."""
    if isinstance(row, ClosedKey):
        return (row.topic, bytes(row.key)) == (topic, key)
    return (row.topic, row.partition, None) == (topic, partition, key)


def pause_table(rows: Iterable[Pause | ClosedKey]) -> Iterator[str]:
    """Yield the lines of a table of what stands still."""
    yield from table(_HEAD, [_cells(row) for row in rows])


def _cells(row: Pause | ClosedKey) -> tuple[str | None, ...]:
    if isinstance(row, ClosedKey):
        why, since = f"{row.cause}: {row.reason}", row.closed_at
    else:
        why, since = row.reason, row.paused_at
    until = f"{row.until:%Y-%m-%d %H:%M:%SZ}" if row.until else None
    return place_of(row), why, row.by, f"{since:%Y-%m-%d %H:%M:%SZ}", until, str(row.pk)
