"""The topics this app publishes to."""

from events.topics import EventType, Topic, declare_topic

INVOICE_REQUESTED = "invoice.requested"

ORDER_INVOICES = declare_topic(
    Topic(
        name="order_invoices",
        types=(
            EventType(
                name=INVOICE_REQUESTED,
                description="A customer ordered; the invoice shall reach them by e-mail.",
            ),
        ),
        partitions=3,
        description="Invoices to be sent, keyed by order id.",
    )
)
