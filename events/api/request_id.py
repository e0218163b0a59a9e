"""The request id: given by the caller or made here; in every log line, answer and stored event."""

import re
import secrets
from collections.abc import Callable

from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from structlog.contextvars import bind_contextvars, clear_contextvars

HEADER = "X-Request-ID"
_META = "HTTP_X_REQUEST_ID"
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,128}")
_KEY = "waybill.request_id"


class RequestIdMiddleware:
    """Takes X-Request-ID if it is harmless, else makes one; binds it to logs; sends it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = _offered(request) or secrets.token_hex(16)
        request.META[_KEY] = request_id
        # Threads serve one request after another: nothing of an earlier one may cling to this one.
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        response = self._get_response(request)
        response[HEADER] = request_id
        return response


def request_id_of(request: HttpRequest | Request) -> str:
    """Return the id of the request; empty before the middleware has seen it."""
    found: str = request.META.get(_KEY, "")
    return found


def _offered(request: HttpRequest) -> str:
    # Not request.headers, which would be made for this alone.
    offered = request.META.get(_META, "")
    return offered if ACCEPTABLE.fullmatch(offered) else ""


def _forget(**_: object) -> None:
    clear_contextvars()


# Not when the middleware returns: Django and the web server log about the request after that.
request_finished.connect(_forget, dispatch_uid="events.api.request_id")
