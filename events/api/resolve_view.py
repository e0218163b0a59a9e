"""Resolving over HTTP: of an unknown effect a person says that it happened, or has it redone."""

from http import HTTPStatus
from typing import Any, Literal

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.consumption_view import readable_consumption
from events.api.openapi.operating import RESOLVE
from events.api.operating.asked import Asked, Deed, lacking_right, operated
from events.api.operating.refused import NOT_UNKNOWN
from events.api.problems import Problem, sentence
from events.auditing.consumption_record import consumption_record
from events.errors import ResolveRefused
from events.models import Consumption
from events.operating.operator import Operator
from events.operating.resolving import Resolution, Resolving

DONE, RESEND = "done", "resend"


class ResolveView(ApiView):
    """POST /api/v1/consumptions/{id}/resolve"""

    throttle_scope = "operate"

    @RESOLVE
    def post(self, request: Request, consumption_id: int) -> HttpResponse:
        """Settle an unknown outcome: 200 for `done`, 202 for `resend`."""
        topic = readable_consumption(consumption_id, user=request.user).topic

        def act(asked: Asked) -> Response:
            how = asked.members.one_of("as", [DONE, RESEND])
            is_dry_run = asked.members.flag("dry_run")
            by = asked.operator(is_dry_run=is_dry_run)
            resolution = _resolution(
                consumption_id,
                how="resend" if how == RESEND else "done",
                by=None if is_dry_run else by,
            )
            row = readable_consumption(consumption_id, user=request.user)
            is_accepted = how == RESEND and not is_dry_run
            return Response(
                _record(resolution, row=row, is_dry_run=is_dry_run),
                status=HTTPStatus.ACCEPTED if is_accepted else HTTPStatus.OK,
            )

        deed = Deed(action="resolve", target_type="consumption", target_id=consumption_id)
        return operated(
            request, deed=deed, lacking=lambda _: lacking_right(request.user, [topic]), act=act
        )


def _resolution(
    consumption_id: int, *, how: Literal["done", "resend"], by: Operator | None
) -> Resolution:
    resolving = Resolving(consumption_id, how=how)
    try:
        return resolving.preview() if by is None else resolving.carry_out(by=by)
    except ResolveRefused as error:
        if Consumption.objects.unknown().filter(pk=consumption_id).exists():
            raise
        raise Problem(NOT_UNKNOWN, sentence(error)) from error


def _record(resolution: Resolution, *, row: Consumption, is_dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": is_dry_run,
        "as": resolution.how,
        "reference": resolution.reference,
        "payload_bytes": resolution.payload_bytes,
        "consumption": consumption_record(row),
    }
