"""Health over HTTP, for those who look after it: the processes, the backlog, is it well?"""

from dataclasses import asdict
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from events.api import problem_kinds as kinds
from events.api.api_view import ApiView
from events.api.openapi.reading import HEALTH
from events.api.parameters import Parameters
from events.api.problems import Problem
from events.auditing.health import Health, health
from events.grants import Right, grants_of
from events.models import Heartbeat


class HealthView(ApiView):
    """GET /api/v1/health"""

    @HEALTH
    def get(self, request: Request) -> Response:
        """Say whether it is well, with the reasons if it is not; always 200.

        For callers who may read some topic.
        """
        Parameters(request).refuse()
        if grants_of(request.user).reach(Right.READ) == []:
            raise Problem(kinds.FORBIDDEN, "Health is told to those who may read some topic.")
        return Response(_record(health()))


def _record(found: Health) -> dict[str, Any]:
    return {
        "is_well": not found.reasons,
        "reasons": [asdict(reason) for reason in found.reasons],
        "backlog": asdict(found.backlog),
        "processes": [_process(row) for row in found.processes],
    }


def _process(row: Heartbeat) -> dict[str, Any]:
    return {
        "role": row.role,
        "group": row.name or None,
        "host": row.host,
        "pid": row.pid,
        "is_alive": vars(row)["is_alive"],
        "holds": row.assignment,
        "started_at": row.started_at,
        "beat_at": row.beat_at,
        "progress_at": row.progress_at,
    }
