"""The page of a replay: how far it is, what it found, what keeps it, what was done to it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from events.admin import columns, replay_words
from events.admin.bar import bar
from events.admin.operating import replay_control, replaying
from events.admin.operating.operation import REPLAY
from events.admin.operating.plan import Cell, Link, told
from events.admin.replay_notice import notices
from events.admin.replay_pace import Look, look
from events.admin.waybill_page import REPLAY_FACT, step
from events.auditing import timeline
from events.auditing.entries import Entry
from events.auditing.replay_progress import PartitionProgress, partitions_of
from events.models import OperatorAction, Replay
from events.replaying import counters

ACTIONS = 100  # of one replay, the first

_OWN = (counters.FAILED, counters.UNDECODABLE)
_LISTS = {  # where people find what was counted: the model, and the filter before whose it is
    **dict.fromkeys((*_OWN, counters.DEAD_LETTERED), ("deadletter", "state=open&")),
    counters.UNKNOWN: ("consumption", "outcome=unknown&"),
    counters.QUARANTINED: ("closedkey", ""),
}
_PARTITIONS = ("Partition", "From", "Reached", "To", "Left", "Removed before")


def with_holder(rows: QuerySet[Replay]) -> QuerySet[Replay]:
    """Annotate `is_held`: by the database's clock a process holds its lease."""
    held = Q(lease_expires_at__isnull=False, lease_expires_at__gt=Now())
    return rows.annotate(is_held=ExpressionWrapper(held, output_field=BooleanField()))


def context(replay: Replay, *, request: HttpRequest) -> dict[str, Any]:
    """Return what the template needs of a row of `with_holder`."""
    is_held, is_over = bool(vars(replay)["is_held"]), replay.state not in Replay.ACTIVE
    partitions = partitions_of(replay)
    total = sum(each.offsets for each in partitions)
    passed = sum(each.passed for each in partitions)
    seen = look(replay, passed=passed, before=Look.of(request))
    counted = replay_words.counted(replay)
    return {
        "replay": replay,
        "state": columns.label(replay.state),
        "range": replay_words.range_words(replay),
        "only": replay_words.choice_words(replay),
        "requested": columns.moment(replay.requested_at),
        "look": "" if is_over else f"?{seen.query if seen else ''}",
        "notices": list(notices(replay, is_held=is_held)),
        "percent": replay_words.percent(passed / total if total else 1.0),
        "bar": _bar(counted, passed=passed, total=total),
        "facts": list(_facts(replay, seen, passed=passed, total=total, is_held=is_held)),
        "counted": [(each, _list_of(each, replay, user=request.user)) for each in counted],
        "asked": _asked(replay),
        "partition_header": _PARTITIONS,
        "partitions": [_partition(each) for each in partitions],
        "gaps": list(_gaps(replay, may_see=request.user.has_perm("events.view_event"))),
        "steps": _steps(replay, user=request.user),
        "operations": list(_operations(replay, user=request.user)),
    }


def _list_of(each: replay_words.Counted, replay: Replay, *, user: Any) -> str:
    """Return the list of what was counted, where there is one that the user may see."""
    model, query = _LISTS.get(each.name, ("", ""))
    if not model or not each.count or not user.has_perm(f"events.view_{model}"):
        return ""
    whose = {"replay": replay.pk} if each.name in _OWN else {"group": replay.group}
    page = reverse(f"admin:events_{model}_changelist")
    return f"{page}?{query}{urlencode(whose)}"


def _bar(counted: Sequence[replay_words.Counted], *, passed: int, total: int) -> SafeString:
    parts = [(each.tone, float(each.count)) for each in counted]
    rest = passed - sum(each.count for each in counted)  # passed, and never a message
    parts.append(("quiet", float(max(0, rest))))
    return bar(parts, full=float(max(total, passed)), label="Progress")


def _facts(
    replay: Replay, seen: Look | None, *, passed: int, total: int, is_held: bool
) -> Iterator[tuple[str, Cell]]:
    yield "Offsets", f"{passed:,} of {total:,}"
    if replay.state == Replay.State.RUNNING and is_held and seen is not None:
        yield "Rate", f"{seen.per_s:,.0f} a second"
        left = (total - passed) / seen.per_s if seen.per_s else None
        yield "Time left", "unknown" if left is None else f"about {replay_words.lasting(left)}"
    if replay.started_at and replay.finished_at:
        took_s = (replay.finished_at - replay.started_at).total_seconds()
        yield "Took", replay_words.lasting(took_s)
        if took_s > 0:
            yield "Rate on average", f"{passed / took_s:,.0f} a second"
    if replay.host:
        yield "Run by" if is_held else "Last run by", f"{replay.host}:{replay.pid}"
    if archived := replay.counters.get(counters.ARCHIVED):
        yield "Out of the archive", f"{archived:,}"


def _asked(replay: Replay) -> list[tuple[str, Cell]]:
    return [
        *replay_words.asked_words(replay),
        ("Asked by", replay.by),
        ("Because", replay.reason),
        ("Requested", columns.moment(replay.requested_at)),
        ("Started", columns.moment(replay.started_at)),
        ("Finished", columns.moment(replay.finished_at)),
        ("Id", columns.code(replay.pk)),
    ]


def _partition(each: PartitionProgress) -> tuple[Cell, ...]:
    removed = max(0, min(each.first, each.to_offset) - each.from_offset)
    return (
        f"{each.topic}:{each.partition}",
        f"{each.from_offset:,}",
        f"{each.from_offset + each.passed:,}",
        f"{each.to_offset:,}",
        f"{each.offsets - each.passed:,}",
        f"{removed:,}" if removed else columns.NOTHING,
    )


def _gaps(replay: Replay, *, may_see: bool) -> Iterator[tuple[str, str, list[Cell]]]:
    """Yield where each gap is, what is known of it, and the events that lay there."""
    for gap in replay.report.get("gaps", ()):
        ids, count = gap.get("events") or (), int(gap.get("events_count") or 0)
        held = told(count, "event") + " lay there" if count else "nothing is known of them"
        empty = f"{gap['offsets']:,} without a message"
        shown = [columns.event_link(each) if may_see else str(each) for each in ids]
        more = count - len(shown)
        yield (
            f"{gap['topic']}:{gap['partition']}",
            f"from {gap['from']:,} to {gap['to'] - 1:,} · {empty} · {held}",
            [*shown, *([f"and {more:,} more"] if more > 0 and shown else [])],
        )


def _steps(replay: Replay, *, user: Any) -> list[Any]:
    actions = OperatorAction.objects.on("replay", replay.pk).order_by("at", "id")[:ACTIONS]
    return [
        step(_without_name(entry), since=replay.requested_at, user=user)
        for entry in timeline.in_order(timeline.of_actions(actions))
    ]


def _without_name(entry: Entry) -> Entry:
    """Leave out which replay it is: the page is its own."""
    return replace(entry, details=tuple(each for each in entry.details if each[0] != REPLAY_FACT))


def _operations(replay: Replay, *, user: Any) -> Iterator[Link]:
    yield from replay_control.links(replay, user=user)
    is_over = replay.state not in Replay.ACTIVE
    has_own = bool(replay.bounds.get("by_partition"))  # bounds for which the form has no words
    if is_over and not has_own and REPLAY.allows(user, topics=replay.topics):
        yield Link("Replay again…", REPLAY.icon, replaying.again(replay))
