"""The list of replays: newest first, page by page, those of topics that may be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb

from events.auditing.lanes import Lanes, Place, given, places
from events.models import Replay


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedReplays:
    """Which replays. `topics`: only those that read nothing but these; None for all."""

    topics: Sequence[str] | None = None
    group: str | None = None
    state: Replay.State | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayPage:
    """A page of the list; `next`: the place behind which the next begins."""

    replays: list[Replay]
    next: Place | None


def replay_page(wanted: WantedReplays, *, after: Place | None, limit: int) -> ReplayPage:
    """Return at most `limit` replays behind `after`: two or three queries."""
    if wanted.topics is not None and not wanted.topics:
        return ReplayPage(replays=[], next=None)
    found = places(_lanes(wanted), after=after, limit=limit)
    ids: list[UUID] = [replay_id for _, replay_id in found.found]
    rows = Replay.objects.in_bulk(ids)
    return ReplayPage(replays=[rows[each] for each in ids if each in rows], next=found.next)


def _lanes(wanted: WantedReplays) -> Lanes:
    return Lanes(
        table="events_replay",
        order=("requested_at", "id"),
        filters=given(
            (wanted.topics, "f.topics <@ %(topics)s"),
            (wanted.group, 'f."group" = %(group)s'),
            (wanted.state, "f.state = %(state)s"),
        ),
        parameters={
            "topics": Jsonb(list(wanted.topics or ())),
            "group": wanted.group,
            "state": wanted.state,
        },
    )
