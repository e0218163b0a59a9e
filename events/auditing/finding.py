"""Finding: from whatever a person has in hand to the events it names, by index only."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from events.conf import waybill as configured
from events.consuming.subscriptions import groups
from events.event import Position
from events.models import Consumption, DeadLetter, Event, Heartbeat, Publication

LIMIT = 50
LONGEST = 1024  # characters; nothing that can be found is named longer
_POSITION = re.compile(r"([A-Za-z0-9._-]{1,249}):([0-9]{1,10}):([0-9]{1,19})")
_LARGEST_PARTITION, _LARGEST_OFFSET = 2**31 - 1, 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """One event that was found; for a message not published here, its letter or ledger row."""

    type: str  # event, dead_letter or consumption
    id: str
    by: str  # what the text turned out to be, in words
    at: datetime
    topic: str
    title: str
    key: str = ""


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

    With `topics` nothing of other topics is found. A position is written
    `topic:partition:offset`. Dedupe keys are found for the groups that subscribe or run now. Every
    question is answered by an index, and the longest text is bounded.
    """
    text = text.strip()
    if not text or len(text) > LONGEST or not _storable(text):
        return Found(text=text[:LONGEST])
    found: dict[tuple[str, str], Match] = {}
    within = Q() if topics is None else Q(topic__in=topics)
    for match in _matches(text, within=within):
        found.setdefault((match.type, match.id), match)
    newest = sorted(found.values(), key=lambda match: (match.at, match.id), reverse=True)
    return Found(text=text, matches=tuple(newest[:LIMIT]), is_cut=len(newest) > LIMIT)


def _matches(text: str, *, within: Q) -> Iterator[Match]:
    if (identifier := _uuid(text)) is not None:
        yield from _events(within & Q(pk=identifier), by="event id")
        yield from _letters(within & Q(pk=identifier), by="dead letter id")
    known = _known_groups()
    if (position := _position(text)) is not None:
        published = Publication.objects.at(position).values_list("event_id", flat=True)[:LIMIT]
        yield from _events(within & Q(pk__in=list(published)), by="position")
        where = Q(topic=position.topic, partition=position.partition, offset=position.offset)
        yield from _letters(within & where & Q(group__in=known), by="position")
    yield from _events(within & Q(source=configured().source, ce_id=text), by="CloudEvents id")
    yield from _events(within & Q(key=text), by="key")
    yield from _events(within & Q(subject=text) & ~Q(subject=""), by="subject")
    yield from _done(text, within=within & Q(group__in=known))


def _events(wanted: Q, *, by: str) -> Iterator[Match]:
    rows = Event.objects.filter(wanted).newest_first().only("topic", "type", "key", "accepted_at")
    for event in rows[: LIMIT + 1]:
        yield Match(
            type="event",
            id=str(event.pk),
            by=by,
            at=event.accepted_at,
            topic=event.topic,
            title=event.type,
            key=event.key or "",
        )


def _letters(wanted: Q, *, by: str) -> Iterator[Match]:
    rows = DeadLetter.objects.filter(wanted).order_by("-created_at", "-id")
    for letter in rows.only("event_id", "topic", "group", "exception", "created_at")[: LIMIT + 1]:
        if letter.event_id is not None:
            yield from _events(Q(pk=letter.event_id), by=by)
            continue
        yield Match(
            type="dead_letter",
            id=str(letter.pk),
            by=by,
            at=letter.created_at,
            topic=letter.topic,
            title=f"dead letter of {letter.group}: {letter.exception}",
        )


def _done(dedupe_key: str, *, within: Q) -> Iterator[Match]:
    rows = Consumption.objects.of_key(dedupe_key).filter(within)
    ledger = list(
        rows.order_by("-id").only("event_id", "topic", "group", "outcome", "first_at")[: LIMIT + 1]
    )
    events = [row.event_id for row in ledger if row.event_id is not None]
    if events:
        yield from _events(Q(pk__in=events), by="dedupe key")
    for row in ledger:
        if row.event_id is None:
            yield Match(
                type="consumption",
                id=str(row.pk),
                by="dedupe key",
                at=row.first_at,
                topic=row.topic,
                title=f"consumption of {row.group}: {row.outcome}",
            )


def _known_groups() -> list[str]:
    """The unique index of the ledger begins with the group: ask for those there can be."""
    running = Heartbeat.objects.filter(role="consumer").values_list("name", flat=True)
    return sorted({*groups(), *running})


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
