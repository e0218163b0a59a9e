"""Trace: the trace context of a request (W3C), which goes on with its events."""

from typing import NamedTuple

from rest_framework.request import Request

from events.conf import Limits
from events.publishing.rules import TRACEPARENT

TRACESTATE = "tracestate"
_TRACESTATE_CHARACTERS = 512
_NO_TRACE, _NO_SPAN, _NO_VERSION = "0" * 32, "0" * 16, "ff"

Headers = tuple[tuple[str, str], ...]


class Trace(NamedTuple):
    """Both empty where the request has no trace, or one that is malformed: W3C drops it then."""

    parent: str = ""
    state: str = ""

    def added_to(self, headers: Headers, *, limits: Limits) -> Headers:
        """Return an event's own headers with the state, if they have none and there is room."""
        if not self.state or any(name.lower() == TRACESTATE for name, _ in headers):
            return headers
        size = len(TRACESTATE) + len(self.state)
        size += sum(len(name) + len(value.encode(errors="replace")) for name, value in headers)
        if len(headers) >= limits.headers or size > limits.headers_bytes:
            return headers
        return *headers, (TRACESTATE, self.state)


def trace_of(request: Request) -> Trace:
    """Return the trace context that the request brings."""
    parent = request.META.get("HTTP_TRACEPARENT", "")
    if not parent or not _is_valid(parent):
        return Trace()
    state = request.META.get("HTTP_TRACESTATE", "")
    is_kept = len(state) <= _TRACESTATE_CHARACTERS and state.isascii() and state.isprintable()
    return Trace(parent, state if is_kept else "")


def _is_valid(parent: str) -> bool:
    if not TRACEPARENT.fullmatch(parent):
        return False
    version, trace, span, _ = parent.split("-")
    return version != _NO_VERSION and trace != _NO_TRACE and span != _NO_SPAN
