"""Revealing: what a message says is shown once, after it is written down who looks, and why."""

from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse

from events.admin.operating.operation import Operation
from events.admin.reason import given_reason, operator_of, reason_form
from events.operating.revealing import reveal


@dataclass(frozen=True, kw_only=True, slots=True)
class Mask:
    """What stands in the place of bytes: the form that asks why somebody wants to see them."""

    page: str  # where the bytes are shown
    download: str  # where the value is given as a file; empty: there is none
    form: forms.Form
    reason: str  # as it was given; empty while it was not


def mask(request: HttpRequest, *, page: str, download: str) -> Mask:
    """Return the mask, with what is missing from a reason that was sent."""
    return Mask(
        page=page,
        download=download,
        form=reason_form(request),
        reason=given_reason(request) if request.method == "POST" else "",
    )


def is_revealed(
    request: HttpRequest, operation: Operation, *, topic: str, target_id: UUID
) -> bool:
    """Whether the bytes of a row may be read and shown now: a reason is given, and it is stored.

    Raises PermissionDenied, with a row in the audit, for those without the right; what the
    database raises, and then nothing may be shown.
    """
    operation.require(request, topics=[topic], target_id=target_id)
    reason = given_reason(request) if request.method == "POST" else ""
    if reason:
        by = operator_of(request, reason=reason)
        reveal(operation.target_type, [target_id], by=by)
    return bool(reason)


def value_file(value: bytes, *, name: str) -> HttpResponse:
    """Answer the value as it is, to be kept as a file."""
    return HttpResponse(
        value,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
