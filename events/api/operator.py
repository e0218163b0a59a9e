"""Operator: who does something by a request, and why, as the audit has it."""

from django.http import HttpRequest
from rest_framework.request import Request

from events.api.request_id import request_id_of
from events.operating.operator import Operator


def operator_of(request: Request, *, reason: str) -> Operator:
    """Return who asks by this request; it needs an authenticated user."""
    return Operator(
        name=request.user.get_username(),
        reason=reason,
        origin=origin_of(request),
        request_id=request_id_of(request),
    )


def origin_of(request: HttpRequest | Request) -> str:
    """Return the address that the request came from."""
    return str(request.META.get("REMOTE_ADDR", ""))
