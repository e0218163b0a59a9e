"""Reading one event over HTTP: its waybill."""

from uuid import UUID

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.api.waybill_record import waybill_record
from events.auditing.waybill import waybill
from events.models import Event


class EventView(APIView):
    """GET /api/v1/events/{id}"""

    def get(self, request: Request, event_id: UUID) -> Response:
        """Return the event with all that became of it."""
        try:
            found = waybill(event_id)
        except Event.DoesNotExist as error:
            raise Http404 from error
        return Response(waybill_record(found))
