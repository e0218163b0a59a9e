"""Asking for a replay: which messages, how; then what that means for each partition, and why."""

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from events.admin.operating import replay_preview
from events.admin.operating.group_topics import operable_groups, topics_of
from events.admin.operating.operation import FORCE_REPLAY, REPLAY, Operation
from events.admin.operating.plan import Plan, plan_page
from events.admin.operating.replaying_form import FORCE, ReplayingForm
from events.admin.reason import given_reason, operator_of, reason_form
from events.admin.replay_words import asked_words
from events.consuming.subscriptions import groups, subscriptions
from events.errors import WaybillError
from events.models import Event, Publication, Replay
from events.operating.replays import Replaying
from events.replaying.stored_request import stored

PAGE = "events_replay_ask"


def address(**chosen: Any) -> str:
    """Return the page that asks for a replay, with what is chosen already."""
    return f"{reverse(f'admin:{PAGE}')}?{urlencode(chosen, doseq=True)}"


def for_event(event: Event, publication: Publication | None) -> str:
    """Return the page that asks for a replay of one event, where it lies, to one group."""
    chosen: dict[str, Any] = {"topics": event.topic, "event": event.pk}
    takers = {each.group for each in subscriptions() if each.topic == event.topic}
    if len(takers) == 1:
        chosen["group"] = takers.pop()
    if event.key:
        chosen["key"] = event.key
    if publication is not None:
        chosen |= {
            "range": "offsets",
            "partition": publication.partition,
            "first": publication.offset,
            "before": publication.offset + 1,
        }
    return address(**chosen)


def again(replay: Replay) -> str:
    """Return the page that asks for a replay of the same."""
    bounds, only = replay.bounds, replay.only
    chosen: dict[str, Any] = {
        "group": replay.group,
        "topics": replay.topics,
        "range": replay.range,
        "mode": replay.mode,
        "rate": replay.rate,
        "from_archive": "on" if replay.from_archive else None,
        "type": only.get("type"),
        **_key(only.get("key")),
    }
    if replay.range == Replay.Range.TIMESTAMPS:
        times = {"start": bounds.get("from"), "end": bounds.get("before")}
        chosen |= {name: _in_utc(at) for name, at in times.items() if at}
    if replay.range == Replay.Range.OFFSETS:
        chosen |= {name: bounds.get(name) for name in ("partition", "before")}
        chosen["first"] = bounds.get("from")
    return address(**{name: value for name, value in chosen.items() if value is not None})


def _key(encoded: str | None) -> dict[str, str]:
    if encoded is None:
        return {}
    try:
        return {"key": base64.b64decode(encoded).decode()}
    except UnicodeDecodeError:
        return {"key": encoded, "key_is_base64": "on"}


def _in_utc(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def replay_view(request: HttpRequest) -> HttpResponse:
    """Ask what to replay; then tell what that means, and ask why."""
    group = request.GET.get("group", "")
    needed = _needed(request)
    if request.method == "POST" or not REPLAY.is_for(request.user):
        named = request.GET.getlist("topics") or topics_of(group)
        _require(request, needed, topics=named, group=group)
    form = _form(request)
    back = _back(request, group)
    if not (form.is_bound and form.is_valid()):
        context = {
            **admin.site.each_context(request),
            "title": REPLAY.title,
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "events/replay_form.html", context)
    wanted = form.wanted
    topics = wanted.topics or topics_of(wanted.group)
    _require(request, needed, topics=topics, group=wanted.group)
    return _asking(request, form, back=back)


def _needed(request: HttpRequest) -> tuple[Operation, ...]:
    return (REPLAY, FORCE_REPLAY) if request.GET.get("mode") == FORCE else (REPLAY,)


def _require(
    request: HttpRequest, needed: tuple[Operation, ...], *, topics: Any, group: str
) -> None:
    for operation in needed:
        operation.require(request, topics=topics, target_id=group or "*")


def _form(request: HttpRequest) -> ReplayingForm:
    offered = operable_groups(request.user, operation=REPLAY)
    subscribed = {topic for each in offered for topic in topics_of(each)}
    topics = {each for each in subscribed if REPLAY.allows(request.user, topics=[each])}
    types = {each.type for each in subscriptions() if each.topic in topics}
    several = {"topics": request.GET.getlist("topics")}
    return ReplayingForm(
        request.GET if "asked" in request.GET else None,
        groups=offered,
        topics=sorted(topics),
        types=sorted(types),
        may_force=FORCE_REPLAY.is_for(request.user),
        initial={**request.GET.dict(), **several},
    )


def _back(request: HttpRequest, group: str) -> str:
    try:
        event = UUID(request.GET.get("event", ""))
    except ValueError:
        pass
    else:
        return reverse("admin:events_event_change", args=[event])
    if group in groups() and request.user.has_perm("events.view_grouptopic"):
        return reverse("admin:group", args=[group])
    return reverse("admin:events_replay_changelist")


def _asking(request: HttpRequest, form: ReplayingForm, *, back: str) -> HttpResponse:
    plan = Plan(operation=REPLAY, back=back, doing=())
    footer: tuple[str, ...] = ()
    wanted = form.wanted
    try:
        work = Replaying(wanted)
        wanted = work.request
        if reason := given_reason(request):
            replay = work.carry_out(by=operator_of(request, reason=reason))
            messages.success(request, "Asked for: this page follows it.")
            return redirect("admin:events_replay_change", replay.pk)
        found = work.preview()
        plan = replay_preview.plan(wanted, found, back=back)
        footer = replay_preview.totals(found)
    except WaybillError as error:
        plan = plan.with_problems([str(error)])
    return plan_page(
        request,
        plan,
        form=reason_form(request),
        template="events/replay_plan.html",
        facts=asked_words(Replay(**stored(wanted))),
        footer=footer,
        question=f"{request.path}?{_question(request)}",
    )


def _question(request: HttpRequest) -> str:
    """Return the query of the form as it was filled in, to be changed."""
    sent = request.GET.copy()
    sent.pop("asked", None)
    return sent.urlencode()
