"""The order a caller sends, and the order as the API tells it."""

from typing import Any

from events.api.members import Members
from invoices.models import Order
from invoices.money import amount_text
from invoices.order_request import CustomerRequest, LineRequest, OrderRequest
from invoices.orders import OrderStatus


def order_request(document: dict[str, Any]) -> OrderRequest:
    """Return the request, its types right, its values not looked at; raises Problem 422."""
    members = Members(document)
    customer = members.object("customer")
    request = OrderRequest(
        order_id=members.text("order_id"),
        customer=CustomerRequest(name=customer.text("name"), email=customer.text("email")),
        currency=members.text("currency"),
        lines=tuple(_line(line) for line in members.objects("lines")),
    )
    members.refuse()
    return request


def order_address(order: Order) -> str:
    """Return the path under which the order is read."""
    return f"/api/v1/orders/{order.order_id}"


def order_record(status: OrderStatus) -> dict[str, Any]:
    """Return the order with its lines and how its invoice stands; money as text."""
    order, invoice = status.order, status.invoice
    address = order_address(order)
    return {
        "order_id": order.order_id,
        "customer": {"name": order.customer_name, "email": order.customer_email},
        "currency": order.currency,
        "lines": [
            {
                "description": line.description,
                "quantity": line.quantity,
                "unit_price": amount_text(line.unit_price, order.currency),
            }
            for line in order.lines.all()
        ],
        "total": amount_text(order.total, order.currency),
        "created_at": order.created_at,
        "invoice": {
            "number": invoice.number,
            "state": status.state.value,
            "requested_at": invoice.requested_at,
            "sent_at": status.sent_at,
            "message_id": status.message_id or None,
            "attempts": status.attempts,
            "next_attempt_at": status.next_attempt_at,
        },
        "links": {
            "self": address,
            "waybill": f"/api/v1/events/{invoice.event_id}",
            "invoice": f"{address}/invoice.pdf",
        },
    }


def _line(line: Members) -> LineRequest:
    return LineRequest(
        description=line.text("description"),
        quantity=line.whole_number("quantity"),
        unit_price=line.text("unit_price"),
    )
