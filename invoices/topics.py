"""The topics this app publishes to."""

from typing import Annotated

from msgspec import Meta, Struct

from events.topics import EventType, Topic, declare_topic

INVOICE_REQUESTED = "invoice.requested"


class InvoiceRequested(Struct):
    """What the event says: whose invoice. The order itself is read when it is handled."""

    order_id: Annotated[str, Meta(min_length=1)]


ORDER_INVOICES = declare_topic(
    Topic(
        name="order_invoices",
        types=(
            EventType(
                name=INVOICE_REQUESTED,
                description="A customer ordered; the invoice shall reach them by e-mail.",
                schema=InvoiceRequested,
            ),
        ),
        partitions=3,
        description="Invoices to be sent, keyed by order id.",
    )
)
