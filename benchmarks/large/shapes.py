"""The shapes of large data: which topics, types, publishers and failures there are, how often."""

from dataclasses import dataclass

SOURCE = "/waybill"
BILLING, REPORTS = "large_billing", "large_reports"
PARTITIONS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicShape:
    """A topic, its share of all events, and its types, the most frequent first."""

    name: str
    share: float
    types: tuple[str, ...]


TOPICS = (
    TopicShape(
        name="large_orders_eu_web",
        share=0.60,
        types=("order.placed", "order.changed", "order.cancelled"),
    ),
    TopicShape(
        name="large_payments_eu_web", share=0.18, types=("payment.received", "payment.refused")
    ),
    TopicShape(name="large_parcels_eu_web", share=0.12, types=("parcel.sent", "parcel.lost")),
    TopicShape(name="large_mails_eu_web", share=0.07, types=("mail.sent",)),
    TopicShape(name="large_stock_eu_web", share=0.0299, types=("stock.counted",)),
    TopicShape(name="large_recalls_eu_web", share=0.0001, types=("recall.requested",)),
)
LARGEST, TINY = TOPICS[0], TOPICS[-1]

PUBLISHERS = (("shop", 80.0), ("payments", 15.0), ("warehouse", 4.99), ("auditor", 0.01))

# What the handlers of billing failed with, and how often.
EXCEPTIONS = (
    ("billing.errors.NoTaxRate", "there is no rate for country XX", 70.0),
    ("requests.exceptions.ConnectionError", "the ledger service refused the connection", 20.0),
    ("django.db.utils.DataError", "value too long for type character varying(64)", 9.0),
    ("builtins.KeyError", "'currency'", 0.9),
    ("decimal.InvalidOperation", "conversion syntax", 0.1),
)

# How often an event is something special; all others are published and handled at once.
FATES = (
    ("retried", 0.01),  # the first attempt of billing failed
    ("buried", 0.004),  # billing gave up: a dead letter
    ("copied", 0.0005),  # reports had it done by another event already
    ("republished", 0.0001),
    ("quarantined", 0.00005),
    ("unknown", 0.00002),  # nobody knows whether its effect happened
    ("parked", 0.00001),  # can never be written to Kafka
)
WAITING = 200  # events at the end that the relay has not come to
RETRYING = 20  # events before them that wait for their next attempt
