"""Reading events over HTTP: the list, and one with all that became of it, its waybill."""

from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.cursor import cursor_place, cursor_text
from events.api.event_value import LIST_BYTES, value_members, wants_value, within
from events.api.openapi.reading import EVENTS, WAYBILL
from events.api.page_query import page_limit, page_place, readable_topics
from events.api.parameters import Parameters
from events.auditing.event_list import Page, Place, Wanted, event_page
from events.auditing.event_record import event_record
from events.auditing.waybill import State, state_of, waybill
from events.auditing.waybill_record import waybill_record
from events.models import Event


class EventsView(ApiView):
    """GET /api/v1/events"""

    @EVENTS
    def get(self, request: Request) -> Response:
        """List the events of the topics that the caller may read, newest first.

        A page may hold less than `limit`, even nothing, and yet have a `next`: then the filters
        are rare among the newest events, and the next page looks further back.
        """
        query = _Query(request)
        page = query.page()
        members = value_members(page.events, request=request) if query.with_value else {}
        records = [_record(event) | members.get(event.pk, {}) for event in page.events]
        following = cursor_text(page.next, query=query.text) if page.next else None
        return Response({"events": records, "next": following})


class EventView(ApiView):
    """GET /api/v1/events/{id}"""

    @WAYBILL
    def get(self, request: Request, event_id: UUID) -> Response:
        """Return the event with all that became of it.

        An event of a topic that the caller may not read is answered as one that does not exist.
        """
        parameters = Parameters(request)
        with_value = wants_value(parameters)
        parameters.refuse()
        try:
            found = waybill(event_id, user=request.user)
        except Event.DoesNotExist as error:
            raise Http404 from error
        record = waybill_record(found)
        if with_value:
            record |= value_members([found.event], request=request)[event_id]
        return Response(record)


class _Query:
    """The query of a list; raises Problem 400 if anything about it is wrong."""

    def __init__(self, request: Request) -> None:
        parameters = Parameters(request)
        self.wanted = _wanted(parameters, user=request.user)
        self.with_value = wants_value(parameters)
        self.limit = page_limit(parameters)
        # What a cursor belongs to: these events of this caller, in pages of whatever size.
        self.text = f"{request.user.pk} {self.wanted}"
        place = page_place(parameters, query=self.text, place=cursor_place)
        self.after = place and Place(*place)
        parameters.refuse()

    def page(self) -> Page:
        page = event_page(self.wanted, after=self.after, limit=self.limit)
        if not self.with_value:
            return page
        events = within(page.events, most_bytes=LIST_BYTES)
        if len(events) == len(page.events):
            return page
        last = events[-1]
        return Page(events=list(events), next=Place(last.accepted_at, last.pk))


def _wanted(parameters: Parameters, *, user: Any) -> Wanted:
    state = parameters.one_of("state", [each.value for each in State])
    return Wanted(
        topics=readable_topics(parameters, user=user),
        type=parameters.text("type"),
        key=parameters.text("key"),
        subject=parameters.text("subject"),
        state=State(state) if state else None,
        published_by=parameters.text("published_by"),
        accepted_from=parameters.time("accepted_from"),
        accepted_before=parameters.time("accepted_before"),
    )


def _record(event: Event) -> dict[str, Any]:
    value_bytes = vars(event)["value_bytes"]  # the annotation
    return event_record(event, state=state_of(event), value_bytes=value_bytes)
