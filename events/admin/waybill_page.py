"""The waybill as a page: its entries with icon, colour and link; the value, for those who may."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.operating import replaying, republishing
from events.admin.operating.operation import REPLAY, REPUBLISH, REVEAL_EVENT
from events.admin.operating.plan import Link
from events.admin.payload import Payload, readable
from events.admin.revealing import Mask, mask
from events.auditing.entries import FORCED, Entry, Kind, Target, seconds
from events.auditing.letter_entries import CAME_FROM, LED_TO
from events.auditing.waybill import Waybill
from events.consuming.subscriptions import subscriptions
from events.models import LIVE, Attempt, Event

REVEAL_PAGE = "events_event_reveal"
VALUE_PAGE = "events_event_value"

REPLAY_FACT = "replay"  # the name under which entries tell the id of one

_MODELS = {
    "outbox_entry": "outboxentry",
    "publication": "publication",
    "attempt": "attempt",
    "consumption": "consumption",
    "dead_letter": "deadletter",
    "operator_action": "operatoraction",
    "replay": "replay",
}

_LOOKS = {  # icon, tone
    Kind.ACCEPTED: ("inventory", "info"),
    Kind.WAITING: ("hourglass_top", "warning"),
    Kind.PARKED: ("block", "danger"),
    Kind.PUBLISHED: ("flight_takeoff", "info"),
    Kind.REPLAYED: ("history", "info"),
    Kind.STARTED: ("play_arrow", "info"),
    Kind.EFFECT_BEGAN: ("outgoing_mail", "info"),
    Kind.FAILED: ("close", "danger"),
    Kind.DUPLICATE: ("content_copy", "quiet"),
    Kind.CONFLICT: ("difference", "warning"),
    Kind.SUCCEEDED: ("check", "success"),
    Kind.UNKNOWN: ("question_mark", "warning"),
    Kind.QUARANTINED: ("lock", "warning"),
    Kind.DEAD_LETTERED: ("markunread_mailbox", "danger"),
    Kind.HELD: ("lock", "warning"),
    Kind.REDRIVING: ("redo", "info"),
    Kind.REDRIVEN: ("redo", "success"),
    Kind.DISCARDED: ("delete", "quiet"),
    Kind.RETRYING: ("schedule", "warning"),
    Kind.ACTION: ("person", "info"),
    Kind.REFUSED: ("person_off", "danger"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """An entry of the time line as the template draws it."""

    entry: Entry
    icon: str
    tone: str
    link: str
    at: SafeString | str
    after: str  # how long after the event was accepted
    details: tuple[tuple[str, SafeString | str], ...]


def context(found: Waybill, *, request: HttpRequest, is_revealed: bool) -> dict[str, Any]:
    """Return what the template needs; the event's bytes are read only once they are revealed."""
    event, user = found.event, request.user
    has_bytes = found.value_bytes is not None or bool(event.headers)
    return {
        "waybill": found,
        "event": event,
        "state": columns.label(found.state),
        "outcomes": _outcomes(found),
        "steps": [step(entry, since=event.accepted_at, user=user) for entry in found.timeline],
        "accepted": columns.moment(event.accepted_at),
        "occurred": columns.moment(event.occurred_at),
        "sha256": bytes(event.value_sha256 or b"").hex(),
        "has_bytes": has_bytes,
        "mask": _mask(request, found) if has_bytes else None,
        "is_revealed": is_revealed,
        "payload": _payload(found) if is_revealed else None,
        "headers": event.headers if is_revealed else [],
        "neighbours": _neighbours(event),
        "operations": list(_operations(found, user=user)),
    }


def _mask(request: HttpRequest, found: Waybill) -> Mask | None:
    """Return the way to the bytes; None for those who may not see them."""
    event = found.event
    if not REVEAL_EVENT.allows(request.user, topics=[event.topic]):
        return None
    value = found.value_bytes is not None
    return mask(
        request,
        page=reverse(f"admin:{REVEAL_PAGE}", args=[event.pk]),
        download=reverse(f"admin:{VALUE_PAGE}", args=[event.pk]) if value else "",
    )


def _payload(found: Waybill) -> Payload | None:
    return None if found.event.value is None else readable(bytes(found.event.value))


def step(entry: Entry, *, since: datetime, user: Any) -> Step:
    """Return the entry as it is drawn, with links where the user may follow them."""
    icon, tone = _LOOKS[entry.kind]
    return Step(
        entry=entry,
        icon=icon,
        tone=tone,
        link=_link(entry.target, user=user) if entry.target else "",
        at=columns.moment(entry.at),
        after=_after((entry.at - since).total_seconds()),
        details=tuple((name, _told(name, value, user=user)) for name, value in entry.details),
    )


def _told(name: str, value: str | int | datetime, *, user: Any) -> SafeString | str:
    if isinstance(value, datetime):
        return columns.moment(value)
    if name in {CAME_FROM, LED_TO} and user.has_perm("events.view_deadletter"):
        ids = str(value).split(", ")
        return format_html_join(" ", "{}", ((columns.letter_id_link(each),) for each in ids))
    if name in {REPLAY_FACT, FORCED} and user.has_perm("events.view_replay"):
        return columns.replay_link(value)
    return str(value)


def _operations(found: Waybill, *, user: Any) -> Iterator[Link]:
    event = found.event
    if REPUBLISH.allows(user, topics=[event.topic]):
        page = reverse(f"admin:{republishing.PAGE}", args=[event.pk])
        yield Link("Republish…", REPUBLISH.icon, page)
    takers = {each.group for each in subscriptions() if each.topic == event.topic}
    if takers and REPLAY.allows(user, topics=[event.topic]):
        newest = found.publications[-1] if found.publications else None
        yield Link("Replay to one group…", REPLAY.icon, replaying.for_event(event, newest))


def _after(age_s: float) -> str:
    if age_s <= 0:
        return ""
    for unit, size_s in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if age_s >= size_s:
            return f"+{age_s / size_s:.1f} {unit}"
    return f"+{seconds(age_s)}"


def _outcomes(found: Waybill) -> list[tuple[str, SafeString]]:
    """What each group made of the event, replays apart, for the top of the page."""
    told = {row.group: row.outcome for row in found.consumptions if row.generation == LIVE}
    for attempt in found.attempts:
        if attempt.generation == LIVE and attempt.result in {
            Attempt.Result.DUPLICATE,
            Attempt.Result.CONFLICT,
        }:
            told.setdefault(attempt.group, attempt.result)
    return [(group, columns.label(word)) for group, word in sorted(told.items())]


def _link(target: Target, *, user: Any) -> str:
    model = _MODELS[target.type]
    if not user.has_perm(f"events.view_{model}"):
        return ""
    return reverse(f"admin:events_{model}_change", args=[target.id])


def _neighbours(event: Event) -> dict[str, Event | None]:
    """The events before and after this one with the same key and topic, by the index of keys."""
    if event.key is None:
        return {}
    same = Event.objects.filter(key=event.key, topic=event.topic).only("type", "accepted_at")
    return {
        "previous": same.filter(accepted_at__lt=event.accepted_at).newest_first().first(),
        "next": same.filter(accepted_at__gt=event.accepted_at)
        .order_by("accepted_at", "id")
        .first(),
    }
