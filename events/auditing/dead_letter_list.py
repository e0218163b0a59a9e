"""The list of dead letters: newest first, page by page; the open ones counted by their kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Length

from events.auditing.lanes import Lanes, Place, given, places
from events.auditing.letter_groups import LetterGroup, letter_groups
from events.models import DeadLetter

COUNTED = 10_000  # open letters, the newest ones, that a summary looks at
CHILDREN = 200  # of one letter


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
    if wanted.topics is not None and not wanted.topics:
        return LetterPage(letters=[], next=None)
    found = places(_lanes(wanted), after=after, limit=limit)
    ids: list[UUID] = [letter_id for _, letter_id in found.found]
    rows = without_bytes().in_bulk(ids)
    return LetterPage(letters=[rows[each] for each in ids if each in rows], next=found.next)


def letter_summary(
    *, topics: Sequence[str] | None = None, group: str | None = None
) -> LetterSummary:
    """Return the kinds of these open letters, by the newest COUNTED: three queries."""
    newest = DeadLetter.objects.open().order_by("-created_at", "-pk").values("pk")
    rows = DeadLetter.objects.filter(pk__in=newest[:COUNTED])
    if topics is not None:
        rows = rows.filter(topic__in=topics)
    if group is not None:
        rows = rows.filter(group=group)
    is_cut = bool(newest[COUNTED : COUNTED + 1])
    return LetterSummary(kinds=letter_groups(rows), is_exact=not is_cut)


def _lanes(wanted: WantedLetters) -> Lanes:
    by_group = wanted.group is not None and wanted.state is None
    states = DeadLetter.State.values if wanted.state is None else [wanted.state.value]
    return Lanes(
        table="events_deadletter",
        order=("created_at", "id"),
        lane='r."group" = t.lane' if by_group else "r.state = t.lane",
        lanes=[wanted.group or ""] if by_group else states,
        bounds=given(
            (wanted.created_from, "r.created_at >= %(from)s"),
            (wanted.created_before, "r.created_at < %(before)s"),
        ),
        filters=given(
            (wanted.topics, "f.topic = ANY(%(topics)s)"),
            (None if by_group else wanted.group, 'f."group" = %(group)s'),
            (wanted.exception, "f.exception = %(exception)s"),
            (wanted.handler, "f.handler = %(handler)s"),
            (wanted.type, "f.type = %(type)s"),
        ),
        parameters={
            "topics": list(wanted.topics or ()),
            "group": wanted.group,
            "exception": wanted.exception,
            "handler": wanted.handler,
            "type": wanted.type,
            "from": wanted.created_from,
            "before": wanted.created_before,
        },
    )
