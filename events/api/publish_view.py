"""Publishing over HTTP: an event is accepted once its row is committed; Kafka may be down."""

from django.http import HttpResponse
from rest_framework.request import Request

from events.api.api_view import ApiView
from events.api.idempotency import answered_once
from events.api.openapi.publishing import PUBLISH
from events.api.publishing.accepting import accepted, published_in_time
from events.api.publishing.forms import form_of
from events.api.throttling import charge
from events.conf import waybill
from events.grants import Right, require
from events.topics import topic_named


class PublishView(ApiView):
    """POST /api/v1/topics/{topic}/events"""

    @PUBLISH
    def post(self, request: Request, topic: str) -> HttpResponse:
        """Store one event, or a batch: 202, the durable fact are the rows."""
        topic_named(topic)  # before the body is read at all
        require(request.user, Right.PUBLISH, topic)
        limits = waybill().limits
        form = form_of(request, limits=limits)
        body = form.body(request)

        def act() -> HttpResponse:
            parsed = form.events(request, body, topic=topic, limits=limits)
            charge(request, self, units=len(parsed.events) - 1)
            return accepted(request, parsed, topic=topic)

        answer = answered_once(request, body=body, asked=form.asked, act=act)
        return published_in_time(request, answer)
