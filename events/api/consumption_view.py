"""Consumptions over HTTP: what groups did with dedupe keys, "was order 1042 notified?"."""

from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.cursor import number_place, number_text
from events.api.openapi.ledger import CONSUMPTION, CONSUMPTIONS
from events.api.page_query import page_limit, page_place, readable_topics
from events.api.parameters import Parameters
from events.auditing.consumption_list import (
    ConsumptionPage,
    WantedConsumptions,
    consumption_history,
    consumption_page,
)
from events.auditing.consumption_record import consumption_history_record, consumption_record
from events.grants import readable
from events.models import Consumption


class ConsumptionsView(ApiView):
    """GET /api/v1/consumptions"""

    @CONSUMPTIONS
    def get(self, request: Request) -> Response:
        """List the consumptions of the topics that the caller may read, newest first.

        A page may hold less than `limit`, even nothing, and yet have a `next`.
        """
        query = _Query(request)
        page = query.page()
        following = number_text(page.next[0], query=query.text) if page.next else None
        records = [consumption_record(row) for row in page.rows]
        return Response({"consumptions": records, "next": following})


class ConsumptionView(ApiView):
    """GET /api/v1/consumptions/{id}"""

    @CONSUMPTION
    def get(self, request: Request, consumption_id: int) -> Response:
        """Return one consumption with its attempts; 404 also where the caller may not read it."""
        Parameters(request).refuse()
        row = readable_consumption(consumption_id, user=request.user)
        return Response(consumption_history_record(consumption_history(row)))


def readable_consumption(consumption_id: int, *, user: Any) -> Consumption:
    """Return the row without kept bytes; raises Http404, also where the user may not read it."""
    rows = Consumption.objects.defer("effect_payload", "message").filter(pk=consumption_id)
    row = readable(rows, user=user).first()
    if row is None:
        raise Http404
    return row


class _Query:
    """The query of the list; raises Problem 400 if anything about it is wrong."""

    def __init__(self, request: Request) -> None:
        parameters = Parameters(request)
        self._wanted = _wanted(parameters, user=request.user)
        self._limit = page_limit(parameters)
        self.text = f"{request.user.pk} {self._wanted}"
        after = page_place(parameters, query=self.text, place=number_place)
        self._after = None if after is None else (after,)
        parameters.refuse()

    def page(self) -> ConsumptionPage:
        return consumption_page(self._wanted, after=self._after, limit=self._limit)


def _wanted(parameters: Parameters, *, user: Any) -> WantedConsumptions:
    outcome = parameters.one_of("outcome", Consumption.Outcome.values)
    return WantedConsumptions(
        topics=readable_topics(parameters, user=user),
        group=parameters.text("group"),
        dedupe_key=parameters.text("dedupe_key"),
        event=parameters.uuid("event"),
        outcome=Consumption.Outcome(outcome) if outcome else None,
        first_from=parameters.time("first_from"),
        first_before=parameters.time("first_before"),
    )
