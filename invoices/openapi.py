"""The orders API, described."""

from events.api import problem_kinds as kinds
from events.api.openapi.operation import (
    Answer,
    Operation,
    header_parameter,
    json_body,
    path_parameter,
)
from events.api.openapi.shapes import (
    MOMENT,
    TEXT,
    WHOLE,
    Shape,
    listed,
    nullable,
    one_of,
    record,
    text,
)
from invoices.order_request import MAX_DESCRIPTION, MAX_QUANTITY
from invoices.problems import ORDER_CONFLICT
from invoices.sending import SendingState

_LINE: dict[str, Shape] = {
    "description": text(MAX_DESCRIPTION, least=1),
    "quantity": {**WHOLE, "minimum": 1, "maximum": MAX_QUANTITY},
    "unit_price": {**TEXT, "description": "A decimal as text, 12.50."},
}
_CUSTOMER: dict[str, Shape] = {"name": TEXT, "email": TEXT}
_REQUEST = record(
    order_id={**text(64, least=1), "description": "The caller's own."},
    customer=record(**_CUSTOMER),
    currency={**TEXT, "description": "ISO 4217"},
    lines=listed(record(**_LINE), minItems=1),
)
_ORDER = record(
    order_id=TEXT,
    customer=record(**_CUSTOMER),
    currency=TEXT,
    lines=listed(record(**_LINE)),
    total=TEXT,
    created_at=MOMENT,
    invoice=record(
        number=TEXT,
        state=one_of(*(state.value for state in SendingState)),
        requested_at=MOMENT,
        sent_at=nullable(MOMENT),
        message_id=nullable(TEXT),
        attempts=WHOLE,
        next_attempt_at=nullable(MOMENT),
    ),
    links=record(self=TEXT, waybill=TEXT, invoice=TEXT),
)
_ORDER_ID = path_parameter("order_id", "The id under which it was placed.")
_TAG = "Orders"

PLACE_ORDER = Operation(
    id="place_order",
    tag=_TAG,
    summary="Place an order; its invoice goes out by mail afterwards",
    parameters=[
        header_parameter("Idempotency-Key", "Makes a repeated request harmless.", text(257))
    ],
    body=json_body(_REQUEST),
    answers=[
        Answer(
            status=201,
            description="Placed.",
            shape=_ORDER,
            headers=["Location", "Idempotent-Replayed"],
        ),
        Answer(
            status=200,
            description="It was placed before, the same.",
            shape=_ORDER,
            headers=["Location", "Idempotent-Replayed"],
        ),
    ],
    problems=[
        kinds.MALFORMED_JSON,
        kinds.FORBIDDEN,
        ORDER_CONFLICT,
        kinds.IDEMPOTENCY_KEY_IN_USE,
        kinds.TOO_LARGE,
        kinds.UNSUPPORTED_MEDIA_TYPE,
        kinds.INVALID,
        kinds.IDEMPOTENCY_KEY_REUSED,
    ],
)
ORDER = Operation(
    id="order",
    tag=_TAG,
    summary="The order, and how its invoice stands",
    parameters=[_ORDER_ID],
    answers=[Answer(status=200, description="The order.", shape=_ORDER)],
    problems=[kinds.FORBIDDEN, kinds.NOT_FOUND],
)
INVOICE = Operation(
    id="invoice",
    tag=_TAG,
    summary="The invoice as the customer gets it",
    parameters=[_ORDER_ID],
    answers=[
        Answer(
            status=200,
            description="The invoice.",
            shape={"type": "string", "contentMediaType": "application/pdf"},
            media_type="application/pdf",
        )
    ],
    problems=[kinds.FORBIDDEN, kinds.NOT_FOUND],
)
