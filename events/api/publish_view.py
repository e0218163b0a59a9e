"""Publishing over HTTP: the event is accepted once its row is committed; Kafka may be down."""

import hashlib

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.api.body import json_object, read_json
from events.api.event_record import event_address, event_record
from events.api.event_request import as_sent, event_request, exact_data
from events.api.idempotency import answered_once
from events.api.idempotency_key import idempotency_key_of
from events.api.problems import invalid
from events.api.request_id import request_id_of
from events.auditing.waybill import State
from events.auditing.waybill import waybill as waybill_of
from events.conf import waybill
from events.errors import EventIdReused, EventInvalid
from events.grants import Right, require
from events.models import Event
from events.publishing.outbox import NewEvent, Publisher, publish_alone
from events.topics import topic_named

# What the body may hold beside the value: key, headers, names, and how JSON spells them.
ENVELOPE_BYTES = 65_536


class PublishView(APIView):
    """POST /api/v1/topics/{topic}/events"""

    def post(self, request: Request, topic: str) -> HttpResponse:
        """Store one event: 202 with its record, the durable fact is the row."""
        topic_named(topic)  # before the body is read at all
        require(request.user, Right.PUBLISH, topic)
        limit = waybill().limits.event_bytes + ENVELOPE_BYTES
        body = read_json(request, limit=limit)
        by = publisher_of(request)
        return answered_once(request, body=body, act=lambda: _accept(topic, body, by=by))


def publisher_of(request: Request) -> Publisher:
    """Return who publishes by this request; it needs an authenticated user.

    Raises Problem 400 for an Idempotency-Key that is none.
    """
    return Publisher(
        name=request.user.get_username(),
        request_id=request_id_of(request),
        idempotency_key=idempotency_key_of(request),
    )


def _accept(topic: str, body: bytes, *, by: Publisher) -> Response:
    document = json_object(body)
    value = exact_data(body)
    new = event_request(topic, value=value, document=document)
    try:
        event = publish_alone(new, by=by)
    except EventIdReused:
        return _first_again(new, value=value)
    except EventInvalid as error:
        raise invalid(as_sent(error.errors, event=new)) from error
    return _accepted(event, state=State.ACCEPTED, value_bytes=len(value))


def _first_again(new: NewEvent, *, value: bytes) -> Response:
    """Answer a repeated request with the record of the event it stored the first time.

    Raises EventIdReused if the event of this source and id is another one.
    """
    source = new.source or waybill().source
    same = Event.objects.filter(
        source=source,
        ce_id=new.id,
        topic=new.topic,
        key=new.key,
        type=new.type,
        content_type=new.content_type,
        value_sha256=hashlib.sha256(value).digest(),
    )
    first = same.values_list("pk", flat=True).first()
    if first is None:
        raise EventIdReused([(source, new.id)])
    found = waybill_of(first)
    response = _accepted(found.event, state=found.state, value_bytes=found.value_bytes)
    response["Idempotent-Replayed"] = "true"
    return response


def _accepted(event: Event, *, state: State, value_bytes: int | None) -> Response:
    record = event_record(event, state=state, value_bytes=value_bytes)
    return Response(record, status=202, headers={"Location": event_address(event)})
