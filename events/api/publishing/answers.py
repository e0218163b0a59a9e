"""Answers: what became of a request's events, as its sender is told."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpResponse

from events.api.publishing.parsed import Parsed
from events.api.publishing.refusals import refusal
from events.api.publishing.waiting import Place
from events.auditing.event_record import event_address, event_record
from events.auditing.waybill import State, state_of
from events.errors import PublishRefused
from events.json_text import to_json
from events.models import Event
from events.publishing.accepted_event import AcceptedEvent
from events.publishing.offering import Outcome
from events.schemas import JSON

SUCCESSES = (HTTPStatus.ACCEPTED, HTTPStatus.MULTI_STATUS)
REPLAYED = "Idempotent-Replayed"
APPLIED = "Preference-Applied"


def accepted_one(event: AcceptedEvent | Event) -> HttpResponse:
    """Return 202 with the event's record."""
    response = _json(record_of(event), status=HTTPStatus.ACCEPTED)
    response["Location"] = event_address(event)
    return _marked([event], response)


def accepted_all(events: Sequence[AcceptedEvent | Event]) -> HttpResponse:
    """Return 202 with the records of a batch, in order."""
    records = [record_of(event) for event in events]
    return _marked(events, _json(records, status=HTTPStatus.ACCEPTED))


def told_each(parsed: Parsed, outcomes: Sequence[Outcome]) -> HttpResponse:
    """Return 207 with what became of each event of a batch, in order."""
    items = [_item(parsed, index, outcome) for index, outcome in enumerate(outcomes)]
    return _json(items, status=HTTPStatus.MULTI_STATUS)


def add_places(response: HttpResponse, places: Mapping[str, Place], *, waited_s: int) -> None:
    """Add where the events lie; 201 if that is known of all of them.

    A 207 stays one: in it each event has its own status.
    """
    document = orjson.loads(response.content)
    records = _records(document)
    for record in records:
        if place := places.get(record.get("id", "")):
            record.update(_told(record, place))
    if all(record["id"] in places for record in records if "id" in record):
        response[APPLIED] = f"wait={waited_s}"
        if response.status_code == HTTPStatus.ACCEPTED:
            response.status_code = HTTPStatus.CREATED
    response.content = to_json(document)


def ids_in(response: HttpResponse) -> list[str]:
    """Return the ids of the events that the answer tells of."""
    return [record["id"] for record in _records(orjson.loads(response.content)) if "id" in record]


def record_of(event: AcceptedEvent | Event) -> dict[str, Any]:
    """Return the record of an event that was stored now, or found stored before."""
    if isinstance(event, Event):
        size: int | None = vars(event)["value_bytes"]  # the annotation
        return event_record(event, state=state_of(event), value_bytes=size)
    size = None if event.value is None else len(event.value)
    return event_record(event, state=State.ACCEPTED, value_bytes=size)


def _item(parsed: Parsed, index: int, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, PublishRefused):
        problem = refusal(parsed, index, outcome)
        return {"status": problem.kind.status, "problem": problem.document()}
    item = {"status": HTTPStatus.ACCEPTED.value, "id": str(outcome.pk)}
    return item | {"replayed": True} if isinstance(outcome, Event) else item


def _records(document: Any) -> list[dict[str, Any]]:
    return document if isinstance(document, list) else [document]


def _told(record: Mapping[str, Any], place: Place) -> dict[str, Any]:
    if "status" in record:
        return {"status": HTTPStatus.CREATED, **place._asdict()}
    return {"state": State.PUBLISHED.value, **place._asdict()}


def _json(document: object, *, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(to_json(document), status=status, content_type=JSON)


def _marked(events: Sequence[AcceptedEvent | Event], response: HttpResponse) -> HttpResponse:
    """Say so if nothing was stored, since all of it was before."""
    if all(isinstance(event, Event) for event in events):
        response[REPLAYED] = "true"
    return response
