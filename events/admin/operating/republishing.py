"""Republishing one event: it is written to its topic once more, behind all that is there."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from events.admin import columns
from events.admin.operating.operation import REPUBLISH
from events.admin.operating.plan import Cell, Plan, plan_page
from events.admin.reason import given_reason, operator_of, reason_form
from events.grants import readable
from events.models import Event
from events.operating.republish_selection import Selection
from events.operating.republishing import Progress, Republishing

PAGE = "events_event_republish"

_DOING = (
    "The event is written to its topic once more, with the same id and bytes, behind everything "
    "that is there: of its key it comes again after what came later.",
    "Groups that handled it skip it, by its dedupe key; a group that never saw it handles it.",
    "The relay writes it within a second or so; its waybill tells the new position.",
)


def republish_view(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Say what that means, and ask why."""
    event = _found(request, event_id)
    REPUBLISH.require(request, topics=[event.topic], target_id=event.pk)
    back = reverse("admin:events_event_change", args=[event.pk])
    work = Republishing(Selection(event_ids=[event.pk]))
    if reason := given_reason(request):
        work.run_once(by=operator_of(request, reason=reason))
        if work.progress.republished:
            messages.success(request, "It stands in the outbox, to be published again.")
            return redirect(back)
    problems = _problems(work.preview())
    plan = Plan(
        operation=REPUBLISH,
        back=back,
        doing=() if problems else _DOING,
        problems=problems,
        rows=_rows(event),
    )
    return plan_page(request, plan, form=reason_form(request))


def _found(request: HttpRequest, event_id: UUID) -> Event:
    if not request.user.has_perm("events.view_event"):
        raise PermissionDenied
    rows = Event.objects.only("topic", "key", "type", "accepted_at").filter(pk=event_id)
    event = readable(rows, user=request.user).first()
    if event is None:
        raise Http404("no such event")
    return event


def _problems(found: Progress) -> tuple[str, ...]:
    return () if found.republished else tuple(found.left)


def _rows(event: Event) -> list[tuple[str, Cell]]:
    return [
        ("Event", columns.code(event.pk)),
        ("Type", event.type),
        ("Topic", event.topic),
        ("Key", "none" if event.key is None else columns.code(event.key)),
        ("Accepted", columns.moment(event.accepted_at)),
    ]
