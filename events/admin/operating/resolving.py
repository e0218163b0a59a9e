"""Deciding unknown outcomes: it was done, or do it again."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from events.admin import columns
from events.admin.operating.operation import DONE, RESEND, Operation
from events.admin.operating.plan import Cell, Plan, plan_page
from events.admin.reason import given_reason, operator_of, reason_form
from events.errors import WaybillError
from events.grants import readable
from events.models import Consumption
from events.operating.resolving import How, Resolving

HOW: dict[How, Operation] = {"done": DONE, "resend": RESEND}

_LIST = "admin:events_consumption_changelist"
_WILL: dict[How, tuple[str, ...]] = {
    "done": (
        "The ledger will say that the effect happened: the key is done for ever, and nothing is "
        "sent again.",
        "Say this only if you have seen it: in the mailbox, in the log of the mail server.",
    ),
    "resend": (
        "The effect is tried again with the same bytes and the same reference (Message-ID), so "
        "that a receiver who has it already can tell.",
        "If it had happened after all, it happens twice.",
    ),
}


def page(how: How) -> str:
    """Return the name of the page on which that is said."""
    return f"events_consumption_{how}"


def resolve_view(request: HttpRequest, consumption_id: int, how: How) -> HttpResponse:
    """Say what became of the effect of one ledger row."""
    operation = HOW[how]
    row = _found(request, consumption_id)
    operation.require(request, topics=[row.topic], target_id=row.pk)
    back = reverse("admin:events_consumption_change", args=[row.pk])
    work = Resolving(row.pk, how=how)
    problems: tuple[str, ...] = ()
    try:
        if reason := given_reason(request):
            work.carry_out(by=operator_of(request, reason=reason))
            messages.success(request, f"Decided: {_DECIDED[how]}")
            return redirect(f"{reverse(_LIST)}?outcome=unknown")
        work.preview()
    except WaybillError as error:
        problems = (str(error),)
    return plan_page(
        request, _plan(row, operation, how, back, problems), form=reason_form(request)
    )


_DECIDED = {
    "done": "the ledger says that it was done.",
    "resend": "a consumer of the group takes it again within a second.",
}


def _found(request: HttpRequest, consumption_id: int) -> Consumption:
    if not request.user.has_perm("events.view_consumption"):
        raise PermissionDenied
    rows = Consumption.objects.defer("effect_payload", "message").filter(pk=consumption_id)
    row = readable(rows, user=request.user).first()
    if row is None:
        raise Http404("no such consumption")
    return row


def _plan(
    row: Consumption, operation: Operation, how: How, back: str, problems: tuple[str, ...]
) -> Plan:
    facts: list[tuple[str, Cell]] = [
        ("Group", row.group),
        ("Dedupe key", columns.code(row.dedupe_key)),
        ("Effect began", columns.moment(row.effect_began_at)),
        ("Reference", columns.code(row.effect_reference)),
        ("Attempts", str(row.attempts)),
        ("Event", columns.event_link(row.event_id)),
    ]
    doing = () if problems else _WILL[how]
    return Plan(operation=operation, back=back, doing=doing, problems=problems, rows=facts)
