"""The topic of the real orders, and who consumes it."""

INVOICES_TOPIC, INVOICES_GROUP = "order_invoices", "invoices"
