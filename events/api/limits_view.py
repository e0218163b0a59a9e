"""Limits over HTTP: the bounds on what is sent here, and how much of it in a while."""

from dataclasses import asdict
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.openapi.reading import LIMITS
from events.api.parameters import Parameters
from events.conf import THROTTLED, waybill


class LimitsView(ApiView):
    """GET /api/v1/limits"""

    @LIMITS
    def get(self, request: Request) -> Response:
        """Return the limits, in bytes, items, levels and seconds, and each throttle's rate."""
        Parameters(request).refuse()
        configured = waybill()
        return Response(
            {
                "limits": asdict(configured.limits),
                "backlog_age_limit_s": configured.backlog_age_limit_s,
                "throttles": {scope: _throttle(scope) for scope in THROTTLED},
            }
        )


def _throttle(scope: str) -> dict[str, Any] | None:
    rate = waybill().throttle(scope)
    return None if rate is None else asdict(rate)
