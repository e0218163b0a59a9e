"""Handlers: `invoice.requested` becomes an e-mail with the invoice, once per order."""

from events.consuming.subscriptions import subscribe
from events.errors import InvalidEvent
from events.event import ReceivedEvent
from invoices.delivery import offered
from invoices.document import document_of
from invoices.mail import invoice_mail, message_id_of
from invoices.models import Invoice, Order
from invoices.order_request import is_order_id
from invoices.printing import render
from invoices.sending import DEDUPE_KEY, GROUP
from invoices.topics import INVOICE_REQUESTED, ORDER_INVOICES

_REMEMBER_S = 30 * 86_400.0
# Every step of a slow mail server may take EMAIL_TIMEOUT, its last word three times as long.
_DEADLINE_S = 300.0


@subscribe(
    ORDER_INVOICES.name,
    group=GROUP,
    type=INVOICE_REQUESTED,
    effect="external",
    dedupe_key=DEDUPE_KEY,
    ttl_s=_REMEMBER_S,
    deadline_s=_DEADLINE_S,
)
def send_invoice(event: ReceivedEvent) -> None:
    """Send the invoice of the event's order to its customer; a resend is byte for byte the same.

    Raises InvalidEvent if there is no such order, and what `offered` raises.
    """
    order = _order_of(event)
    if not _is_sent(event):
        _send(event, order)
    Invoice.objects.mark_sent(order_id=order.order_id, message_id=message_id_of(order.order_id))


def _send(event: ReceivedEvent, order: Order) -> None:
    document = document_of(order)
    mail = invoice_mail(document, pdf=render(document))
    # The effect begins as late as can be: an absent or refusing server never makes it unknown.
    with offered(mail) as send:
        event.perform(
            lambda kept: send(kept or mail.raw),
            reference=mail.message_id,
            payload=mail.raw,
            repeatable=send.is_repeatable,
        )


def _is_sent(event: ReceivedEvent) -> bool:
    """Whether an earlier run of this attempt sent the mail and only the database forgot it."""
    return event.effect is not None and event.effect.is_done


def _order_of(event: ReceivedEvent) -> Order:
    data = event.data
    order_id = data.get("order_id") if isinstance(data, dict) else None
    if not isinstance(order_id, str) or not is_order_id(order_id):
        raise InvalidEvent("the payload has no order_id that an order can have")
    try:
        return Order.objects.with_document().get(order_id=order_id)
    except Order.DoesNotExist:
        raise InvalidEvent(f"there is no order {order_id}") from None
