"""The list of dead letters: newest first, page by page; the open ones counted by their kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from events.auditing.lanes import EXAMINED, Lanes, Place, Places, equals, given, places
from events.auditing.letter_groups import LetterGroup, letter_groups
from events.models import DeadLetter

COUNTED = 10_000  # open letters, the newest ones, that a summary looks at
CHILDREN = 200  # of one letter
TOPICS = 20  # so many are lanes of their own

_RARE = (DeadLetter.State.HELD, DeadLetter.State.REDRIVING)


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedLetters:
    """Which letters. `topics`: None for all; times: at or after the first, before the second."""

    topics: Sequence[str] | None = None
    group: str | None = None
    exception: str | None = None
    handler: str | None = None
    type: str | None = None
    state: DeadLetter.State | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterPage:
    """Letters as `without_bytes()` gives them; `next`: the place behind which the next begins."""

    letters: list[DeadLetter]
    next: Place | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterSummary:
    """The kinds, most letters first; not exact if only the newest COUNTED were looked at."""

    kinds: tuple[LetterGroup, ...]
    is_exact: bool


def without_bytes() -> QuerySet[DeadLetter]:
    """Return all letters, the value's length as `value_bytes`; bytes and traceback left out."""
    letters = DeadLetter.objects.annotate(value_bytes=Length("value"))
    return letters.defer("key", "value", "headers", "traceback")


def letter_children(letter: DeadLetter) -> list[DeadLetter]:
    """Return the letters that redriving this one, edited or not, led to; CHILDREN at most."""
    return list(without_bytes().filter(parent=letter.pk).order_by("created_at", "id")[:CHILDREN])


def letter_page(wanted: WantedLetters, *, after: Place | None, limit: int) -> LetterPage:
    """Return at most `limit` letters behind `after`: two or three queries, whatever is stored."""
    found = letter_places(wanted, after=after, limit=limit)
    ids: list[UUID] = [letter_id for _, letter_id in found.found]
    rows = without_bytes().in_bulk(ids)
    return LetterPage(letters=[rows[each] for each in ids if each in rows], next=found.next)


def letter_places(
    wanted: WantedLetters, *, after: Place | None, limit: int, examined: int = EXAMINED
) -> Places:
    """Return where the letters of a page stand, by time and id: one or two queries."""
    if wanted.topics is not None and not wanted.topics:
        return Places([], None)
    return places(_lanes(wanted), after=after, limit=limit, examined=examined)


def newest_letters(rows: QuerySet[DeadLetter], *, most: int) -> tuple[QuerySet[DeadLetter], bool]:
    """Return the newest of these letters, `most` at most, and whether that are all: one query."""
    places = rows.order_by("-created_at", "-pk").values_list("created_at", "pk")
    last = places[most - 1 : most + 1]
    if len(last) <= 1:
        return rows, True
    at, pk = last[0]
    return rows.filter(Q(created_at__gt=at) | Q(pk__gte=pk), created_at__gte=at), False


def letter_summary(
    *, topics: Sequence[str] | None = None, group: str | None = None
) -> LetterSummary:
    """Return the kinds of these open letters, by the newest COUNTED: three queries."""
    rows, is_exact = newest_letters(DeadLetter.objects.open(), most=COUNTED)
    if topics is not None:
        rows = rows.filter(topic__in=topics)
    if group is not None:
        rows = rows.filter(group=group)
    return LetterSummary(kinds=letter_groups(rows), is_exact=is_exact)


def _lanes(wanted: WantedLetters) -> Lanes:
    column, names = _lane(wanted)
    return Lanes(
        table="events_deadletter",
        order=("created_at", "id"),
        lane=equals(f"r.{column}"),
        within=(column,),
        lanes=names,
        bounds=given(
            (wanted.created_from, "r.created_at >= %(from)s"),
            (wanted.created_before, "r.created_at < %(before)s"),
        ),
        filters=given(
            (wanted.topics if column != "topic" else None, "f.topic = ANY(%(topics)s)"),
            (wanted.group if column != _GROUP else None, 'f."group" = %(group)s'),
            (
                wanted.exception if column != "exception" else None,
                "f.exception = %(exception)s",
            ),
            (wanted.handler, "f.handler = %(handler)s"),
            (wanted.type, "f.type = %(type)s"),
            (wanted.state if column != "state" else None, "f.state = %(state)s"),
        ),
        parameters={
            "topics": list(wanted.topics or ()),
            "group": wanted.group,
            "exception": wanted.exception,
            "handler": wanted.handler,
            "type": wanted.type,
            "state": wanted.state and wanted.state.value,
            "from": wanted.created_from,
            "before": wanted.created_before,
        },
    )


_GROUP = '"group"'


def _lane(wanted: WantedLetters) -> tuple[str, Sequence[str]]:
    """Return the column of the narrowest lanes, and their names; each has an index by time."""
    if wanted.exception is not None:
        return "exception", [wanted.exception]
    if wanted.state is not None and wanted.state in _RARE:
        return "state", [wanted.state.value]
    if wanted.topics is not None and len(wanted.topics) <= TOPICS:
        return "topic", wanted.topics
    if wanted.group is not None and wanted.state is None:
        return _GROUP, [wanted.group]
    states = DeadLetter.State.values if wanted.state is None else [wanted.state.value]
    return "state", states
