"""Reasons: what changes something by hand says beforehand what it will do, and asks why."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from structlog.contextvars import get_contextvars
from unfold.widgets import UnfoldAdminTextInputWidget

from events.operating.operator import Operator

CONFIRMED = "confirmed"
LONGEST = 1_000


def reason_field() -> forms.CharField:
    """Return the field that asks why."""
    return forms.CharField(
        label="Reason",
        max_length=LONGEST,
        widget=UnfoldAdminTextInputWidget,
        help_text="For the audit: whoever reads it later will ask why.",
    )


class ReasonForm(forms.Form):
    """Asks why; forms of operations that ask for more extend it."""

    reason = reason_field()


def reason_form(request: HttpRequest) -> ReasonForm:
    """Return the form as it was sent, or an empty one if nothing was confirmed yet."""
    return ReasonForm(request.POST if CONFIRMED in request.POST else None)


def origin_of(request: HttpRequest) -> str:
    """Return where the request comes from."""
    return str(request.META.get("REMOTE_ADDR", ""))


def request_id() -> str:
    """Return the id of the request that is being answered, as it is bound for the logs."""
    return str(get_contextvars().get("request_id", ""))


def operator_of(request: HttpRequest, *, reason: str) -> Operator:
    """Return who does something by this request, and why."""
    return Operator(
        name=request.user.get_username(),
        reason=reason,
        origin=origin_of(request),
        request_id=request_id(),
    )


def given_reason(request: HttpRequest) -> str:
    """Return the reason of a request that confirms; empty if it does not, or gives none."""
    form = reason_form(request)
    return str(form.cleaned_data["reason"]) if form.is_valid() else ""


def confirmation(
    request: HttpRequest, *, title: str, doing: Iterable[object], action: str = "", keys: Any = ()
) -> HttpResponse:
    """Return the page that says what will be done and asks for the reason.

    `action` and `keys`: of the action of a list that leads here, so that it leads here again.
    """
    context = {
        **admin.site.each_context(request),
        "title": title,
        "doing": [str(each) for each in doing],
        "form": reason_form(request),
        "action": action,
        "keys": list(keys),
        "confirmed": CONFIRMED,
    }
    return TemplateResponse(request, "events/confirmation.html", context)
