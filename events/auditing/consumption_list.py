"""The list of consumptions: what groups did with dedupe keys, newest first, page by page.

The ledger has no index for its times: it is written once for every message. But its ids are given
in the order of the rows' beginnings, give or take the length of a transaction: the list is read by
them, and the ids between two times are found by halving.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from events.auditing.lanes import EXAMINED, Lanes, Place, Places, given, places
from events.auditing.loose_scan import loose_scan
from events.auditing.positions import newest_at_positions
from events.models import Attempt, Consumption, DeadLetter

LIMIT = 200  # attempts, and letters, of one consumption
SLACK = timedelta(minutes=10)  # no transaction that begins a consumption is nearly as long

_GROUPS = f"""
    WITH RECURSIVE {loose_scan("found", table="events_consumption", column='"group"')}
    SELECT value FROM found WHERE value IS NOT NULL
"""  # noqa: S608 - names of ours


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedConsumptions:
    """Which rows. `topics`: None for all; times: at or after the first, before the second."""

    topics: Sequence[str] | None = None
    group: str | None = None
    dedupe_key: str | None = None
    event: UUID | None = None
    outcome: Consumption.Outcome | None = None
    first_from: datetime | None = None
    first_before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsumptionPage:
    """Ledger rows without kept bytes; `next`: the place behind which the next page begins."""

    rows: list[Consumption]
    next: Place | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsumptionHistory:
    """One ledger row with its attempts, in order, and the letters its message became."""

    row: Consumption
    attempts: tuple[Attempt, ...]
    letters: tuple[UUID, ...]


def consumption_page(
    wanted: WantedConsumptions, *, after: Place | None, limit: int
) -> ConsumptionPage:
    """Return at most `limit` rows behind `after`, each page by an index and bounded."""
    found = consumption_places(wanted, after=after, limit=limit)
    ids = [row_id for (row_id,) in found.found]
    rows = Consumption.objects.defer("effect_payload", "message").in_bulk(ids)
    return ConsumptionPage(rows=[rows[each] for each in ids if each in rows], next=found.next)


def consumption_places(
    wanted: WantedConsumptions, *, after: Place | None, limit: int, examined: int = EXAMINED
) -> Places:
    """Return where the rows of a page stand, by id."""
    if wanted.topics is not None and not wanted.topics:
        return Places([], None)
    return places(_lanes(wanted), after=after, limit=limit, examined=examined)


def newest_consumptions(
    wanted: WantedConsumptions, *, limit: int, examined: int = EXAMINED
) -> Places:
    """Return the ids of the newest rows by topics, group and outcome, from where they are rare."""
    is_rare = wanted.outcome not in {None, Consumption.Outcome.SUCCEEDED}
    if wanted.topics is None or is_rare:
        return consumption_places(wanted, after=None, limit=limit, examined=examined)
    return newest_at_positions(
        "events_consumption",
        topics=wanted.topics,
        filters=given(
            (wanted.group, 'f."group" = %(group)s'), (wanted.outcome, "f.outcome = %(outcome)s")
        ),
        parameters={
            "group": wanted.group,
            "outcome": wanted.outcome and wanted.outcome.value,
        },
        limit=limit,
        examined=examined,
    )


def consumption_history(row: Consumption) -> ConsumptionHistory:
    """Return what is known beside the row itself, at most LIMIT of each kind: two queries."""
    attempts = Attempt.objects.filter(
        group=row.group, dedupe_key=row.dedupe_key, generation=row.generation
    )
    letters = DeadLetter.objects.filter(
        group=row.group, topic=row.topic, partition=row.partition, offset=row.offset
    )
    return ConsumptionHistory(
        row=row,
        attempts=tuple(attempts.order_by("id")[:LIMIT]),
        letters=tuple(letters.order_by("created_at", "id").values_list("pk", flat=True)[:LIMIT]),
    )


def _lanes(wanted: WantedConsumptions) -> Lanes:
    lane, is_by_group = _lane(wanted)
    low, high = _ids(wanted)
    return Lanes(
        table="events_consumption",
        order=("id",),
        lane=lane,
        lanes=_groups(wanted.group) if is_by_group else [""],
        bounds=given((low, "r.id >= %(low)s"), (high, "r.id <= %(high)s")),
        filters=given(
            (wanted.topics, "f.topic = ANY(%(topics)s)"),
            (None if is_by_group else wanted.group, 'f."group" = %(group)s'),
            (wanted.dedupe_key, "f.dedupe_key = %(dedupe_key)s"),
            (wanted.event, "f.event_id = %(event_id)s"),
            (wanted.outcome, "f.outcome = %(outcome)s"),
            (wanted.first_from, "f.first_at >= %(from)s"),
            (wanted.first_before, "f.first_at < %(before)s"),
        ),
        parameters={
            "topics": list(wanted.topics or ()),
            "group": wanted.group,
            "dedupe_key": wanted.dedupe_key,
            "event_id": wanted.event,
            "outcome": wanted.outcome and wanted.outcome.value,
            "from": wanted.first_from,
            "before": wanted.first_before,
            "low": low,
            "high": high,
        },
    )


def _lane(wanted: WantedConsumptions) -> tuple[str, bool]:
    """Return the condition of the narrowest lane, and whether there is one for each group."""
    if wanted.event is not None:
        return "r.event_id = %(event_id)s", False
    if wanted.dedupe_key is not None:
        return 'r."group" = t.lane AND r.dedupe_key = %(dedupe_key)s', True
    if wanted.outcome not in {None, Consumption.Outcome.SUCCEEDED}:
        # The second condition is the index's own.
        condition = "r.outcome = %(outcome)s AND NOT (r.outcome = 'succeeded')"
        return f'{condition} AND r."group" = t.lane', True
    return "TRUE", False


def _groups(group: str | None) -> list[str]:
    if group is not None:
        return [group]
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS)
        return [name for (name,) in cursor.fetchall()]


def _ids(wanted: WantedConsumptions) -> tuple[int | None, int | None]:
    """Return between which ids all rows between the wanted times are."""
    low = high = None
    if wanted.event is None and wanted.dedupe_key is None:  # else few rows are looked at anyway
        if wanted.first_from is not None:
            low = _last_id_before(wanted.first_from, slack=-SLACK)
        if wanted.first_before is not None:
            high = _last_id_before(wanted.first_before, slack=SLACK)
    return low, high


def _last_id_before(moment: datetime, *, slack: timedelta) -> int:
    """Return an id up to which rows began before the moment, found in some thirty steps."""
    low, high = 0, _largest_id()
    while low < high:
        middle = (low + high + 1) // 2
        row = (
            Consumption.objects.filter(pk__lte=middle)
            .order_by("-pk")
            .values_list("pk", "first_at")
            .first()
        )
        if row is None or row[1] - slack < moment:
            low = middle
        else:
            high = row[0] - 1
    return low


def _largest_id() -> int:
    newest = Consumption.objects.order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0
