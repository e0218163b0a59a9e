"""The overview: is it well? A few numbers, each from an index or a small table, each a link."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from events.admin import columns, overview_groups, overview_replays
from events.admin.overview_groups import Stopped
from events.admin.overview_replays import Active
from events.auditing.health import with_liveness
from events.auditing.waybill import state_of
from events.conf import waybill as configured
from events.consuming.subscriptions import groups
from events.grants import readable
from events.models import Consumption, DeadLetter, Event, OutboxEntry
from events.publishing.backlog import Backlog, backlog

MOST = 10_000  # what lies beyond is not counted
LATEST = 8
PROCESSES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One number of the overview and where it leads."""

    title: str
    value: str
    hint: str
    tone: str
    link: str


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the index what the user may see of how Waybill is."""
    may = request.user.has_perm
    processes = list(_processes()) if may("events.view_heartbeat") else None
    stopped = overview_groups.stopped(request)
    replays = overview_replays.active(request)
    return context | {
        "title": "Overview",
        "figures": [*_figures(request), *_of_groups(request, stopped, replays)],
        "processes": processes,
        "warnings": [
            *stopped.warnings(),
            *replays.warnings(),
            *([] if processes is None else _warnings(processes)),
        ],
        "latest": _latest(request) if may("events.view_event") else None,
    }


def _figures(request: HttpRequest) -> Iterator[Figure]:
    may = request.user.has_perm
    if may("events.view_outboxentry"):
        yield _backlog(backlog())
        parked = readable(OutboxEntry.objects.parked(), user=request.user)
        yield _trouble("Parked", parked, page="outboxentry", query="state=parked", tone="danger")
    if may("events.view_deadletter"):
        letters = readable(DeadLetter.objects.open(), user=request.user)
        yield _trouble(
            "Open dead letters", letters, page="deadletter", query="state=open", tone="danger"
        )
    if may("events.view_consumption"):
        for title, outcome in (("Unknown outcomes", "unknown"), ("Retrying", "retrying")):
            rows = readable(Consumption.objects.filter(outcome=outcome), user=request.user)
            yield _trouble(
                title, rows, page="consumption", query=f"outcome={outcome}", tone="warning"
            )


def _of_groups(request: HttpRequest, stopped: Stopped, replays: Active) -> Iterator[Figure]:
    may = request.user.has_perm
    if may("events.view_pause"):
        yield _figure("Active pauses", stopped.count, page="pause", query="", tone="warning")
    if may("events.view_replay"):
        count = replays.count
        yield _figure("Replays", count, page="replay", query="state=active", tone="info")
    if may("events.view_closedkey"):
        rows = overview_groups.closed_keys(request)
        yield _trouble("Closed keys", rows, page="closedkey", query="", tone="warning")
    if may("events.view_gap"):
        rows = overview_groups.gaps_of_a_day(request)
        yield _trouble("Gaps of a day", rows, page="gap", query="age=24h", tone="danger")


def _backlog(waiting: Backlog) -> Figure:
    hint, tone = "all events are published", "success"
    if waiting.oldest_age_s is not None:
        hint = f"oldest waits {_age(waiting.oldest_age_s)}"
        is_late = waiting.oldest_age_s > configured().relay_max_backoff_s
        tone = "warning" if is_late else "info"
    return Figure(
        title="Backlog",
        value=f"{waiting.pending:,}" if waiting.is_exact else f"{waiting.pending:,}+",
        hint=hint,
        tone=tone,
        link=_list("outboxentry", "state=waiting"),
    )


def _trouble(title: str, rows: QuerySet[Any], *, page: str, query: str, tone: str) -> Figure:
    return _figure(title, _counted(rows), page=page, query=query, tone=tone)


def _figure(title: str, value: str, *, page: str, query: str, tone: str) -> Figure:
    return Figure(
        title=title,
        value=value,
        hint=_HINTS[title][value == "0"],
        tone="success" if value == "0" else tone,
        link=_list(page, query),
    )


_HINTS = {  # while there are some, and while there are none
    "Parked": ("can never be written", "nothing is stuck"),
    "Open dead letters": ("wait for people", "nothing was given up"),
    "Unknown outcomes": ("did the effect happen?", "every effect is known"),
    "Active pauses": ("stand still until resumed", "no group is stopped"),
    "Replays": ("asked for, running or paused", "no old event is run again"),
    "Closed keys": ("hold their messages", "every key flows"),
    "Gaps of a day": ("messages were missed or moved", "nothing was missed"),
    "Retrying": ("wait for another attempt", "nothing waits for a retry"),
}


def _processes() -> Iterator[dict[str, Any]]:
    for row in with_liveness().order_by("role", "name", "process")[:PROCESSES]:
        yield {
            "row": row,
            "is_alive": vars(row)["is_alive"],
            "beat": columns.moment(row.beat_at),
            "progress": columns.moment(row.progress_at),
            "link": reverse("admin:events_heartbeat_change", args=[row.pk]),
        }


def _warnings(processes: list[dict[str, Any]]) -> Iterator[str]:
    alive = {(each["row"].role, each["row"].name) for each in processes if each["is_alive"]}
    if not any(role == "relay" for role, _ in alive):
        yield "No relay is running: nothing reaches Kafka. Start manage.py runrelay."
    for group in groups():
        if ("consumer", group) not in alive:
            yield f"No consumer of {group} is running. Start manage.py runconsumer {group}."


def _latest(request: HttpRequest) -> list[dict[str, Any]]:
    rows = readable(Event.objects.with_state().newest_first(), user=request.user)
    shown = rows.only("type", "topic", "key", "accepted_at")[:LATEST]
    return [
        {
            "event": event,
            "state": columns.label(state_of(event)),
            "at": columns.moment(event.accepted_at),
            "link": reverse("admin:events_event_change", args=[event.pk]),
        }
        for event in shown
    ]


def _counted(rows: QuerySet[Any]) -> str:
    count = rows.order_by()[: MOST + 1].count()
    return f"{MOST:,}+" if count > MOST else f"{count:,}"


def _age(age_s: float) -> str:
    for unit, size_s in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if age_s >= size_s:
            return f"{age_s / size_s:.0f} {unit}"
    return f"{age_s:.0f} s"


def _list(model: str, query: str) -> str:
    return f"{reverse(f'admin:events_{model}_changelist')}?{query}"
