"""The orders API: thin doors to placing an order and to how its invoice stands."""

from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.body import json_object, read_json
from events.api.idempotency import answered_once
from events.api.problems import Problem, invalid
from events.api.publisher import publisher_of
from events.grants import Right, grants_of, require
from events.publishing.outbox import Publisher
from invoices.openapi import INVOICE, ORDER, PLACE_ORDER
from invoices.order_body import order_address, order_record, order_request
from invoices.order_request import OrderInvalid
from invoices.orders import OrderConflict, OrderStatus, order_status, place_order
from invoices.printing import render_invoice
from invoices.problems import ORDER_CONFLICT
from invoices.topics import ORDER_INVOICES

ORDER_BYTES = 1_048_576  # the largest order the rules allow, with room to spare


class OrdersView(ApiView):
    """POST /api/v1/orders"""

    @PLACE_ORDER
    def post(self, request: Request) -> HttpResponse:
        """Place an order: 201, or 200 if it was placed before. Nobody waits for its mail."""
        require(request.user, Right.PUBLISH, ORDER_INVOICES.name)
        body = read_json(request, limit=ORDER_BYTES)
        by = publisher_of(request)
        return answered_once(request, body=body, act=lambda: _place(body, by=by))


class OrderView(ApiView):
    """GET /api/v1/orders/{order_id}"""

    @ORDER
    def get(self, request: Request, order_id: str) -> Response:
        """Return the order and its invoice: requested, sent, unknown or failed."""
        return Response(order_record(_readable_status(request, order_id)))


class InvoiceView(ApiView):
    """GET /api/v1/orders/{order_id}/invoice.pdf"""

    @INVOICE
    def get(self, request: Request, order_id: str) -> HttpResponse:
        """Return the invoice as the customer gets it."""
        status = _readable_status(request, order_id)
        require(request.user, Right.VALUES, ORDER_INVOICES.name)
        pdf = render_invoice(status.order)
        return HttpResponse(
            pdf,
            content_type="application/pdf",
            headers={
                "Content-Disposition": f'inline; filename="invoice-{order_id}.pdf"',
                "Cache-Control": "private",
            },
        )


def _place(body: bytes, *, by: Publisher) -> Response:
    wanted = order_request(json_object(body))
    try:
        placed = place_order(wanted, by=by)
    except OrderInvalid as error:
        raise invalid(error.errors) from error
    except OrderConflict as error:
        detail = f"Order {error.order_id} exists with other content."
        raise Problem(ORDER_CONFLICT, detail) from error
    return Response(
        order_record(_status(placed.order.order_id)),
        status=201 if placed.created else 200,
        headers={"Location": order_address(placed.order)},
    )


def _readable_status(request: Request, order_id: str) -> OrderStatus:
    # Not 403: that would tell whether there is such an order.
    if not grants_of(request.user).allows(Right.READ, ORDER_INVOICES.name):
        raise Http404
    return _status(order_id)


def _status(order_id: str) -> OrderStatus:
    status = order_status(order_id)
    if status is None:
        raise Http404
    return status
