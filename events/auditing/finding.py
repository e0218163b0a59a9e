"""Finding: from whatever a person has in hand to the events it names, in one query by index."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from events.auditing.lookups import WAYS, Row, looked_up
from events.conf import waybill as configured
from events.event import Position

LIMIT = 50
LONGEST = 1024  # characters; nothing that can be found is named longer
_POSITION = re.compile(r"([A-Za-z0-9._-]{1,249}):([0-9]{1,10}):([0-9]{1,19})")
_LARGEST_PARTITION, _LARGEST_OFFSET = 2**31 - 1, 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """One event that was found, or a replay; of a message not published here a letter or row."""

    type: str  # event, dead_letter, consumption or replay
    id: str
    by: str  # what the text turned out to be, in words
    at: datetime
    topic: str
    title: str
    key: str = ""
    position: Position | None = None  # of a letter or a consumption


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a text led to, newest first. `is_cut`: there is more than is listed."""

    text: str
    matches: tuple[Match, ...] = ()
    is_cut: bool = False

    @property
    def only(self) -> Match | None:
        """The match, if there is exactly one."""
        return self.matches[0] if len(self.matches) == 1 else None


def find(text: str, *, topics: Collection[str] | None = None) -> Found:
    """Find events by id, CloudEvents id, key (an order id, say), subject, dedupe key or position.

    A position is written `topic:partition:offset`. A message that was not published here is found
    by its position, its dedupe key or the id of its dead letter; a replay by its id. With `topics`
    nothing of other topics is found. Every question is answered by an index, all of them in one
    query, and the longest text is bounded.
    """
    text = text.strip()
    if not text or len(text) > LONGEST or not _storable(text):
        return Found(text=text[:LONGEST])
    rows = looked_up(
        text,
        identifier=_uuid(text),
        position=_position(text),
        own_source=configured().source,
        topics=topics,
        most=LIMIT + 1,
    )
    found: dict[tuple[str, str], Match] = {}
    for row in sorted(rows, key=lambda row: WAYS.index(row.by)):
        found.setdefault((row.type, row.id), _match(row))
    newest = sorted(found.values(), key=lambda match: (match.at, match.id), reverse=True)
    return Found(text=text, matches=tuple(newest[:LIMIT]), is_cut=len(newest) > LIMIT)


def _match(row: Row) -> Match:
    position = None
    if row.partition is not None and row.offset is not None:
        position = Position(row.topic, row.partition, row.offset)
    return Match(
        type=row.type,
        id=row.id,
        by=row.by,
        at=row.at,
        topic=row.topic,
        title=row.title,
        key=row.key or "",
        position=position,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _position(text: str) -> Position | None:
    written = _POSITION.fullmatch(text)
    if written is None:
        return None
    partition, offset = int(written[2]), int(written[3])
    if partition > _LARGEST_PARTITION or offset > _LARGEST_OFFSET:
        return None
    return Position(written[1], partition, offset)


def _storable(text: str) -> bool:
    """Whether PostgreSQL could hold the text at all: no NUL, no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
