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


def operator_of(request: HttpRequest, *, reason: str) -> Operator:
    """Return who does something by this request, and why."""
    return Operator(
        name=request.user.get_username(),
        reason=reason,
        origin=request.META.get("REMOTE_ADDR", ""),
        request_id=get_contextvars().get("request_id", ""),  # bound for the logs
    )


def given_reason(request: HttpRequest) -> str:
    """Return the reason of a request that confirms; empty if it does not, or gives none."""
    form = _form(request)
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
        "form": _form(request),
        "action": action,
        "keys": list(keys),
        "confirmed": CONFIRMED,
    }
    return TemplateResponse(request, "events/confirmation.html", context)


class _ReasonForm(forms.Form):
    reason = reason_field()


def _form(request: HttpRequest) -> _ReasonForm:
    return _ReasonForm(request.POST if CONFIRMED in request.POST else None)
