"""Orders and invoices in the console: what was ordered, and did the invoice reach the customer?"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from events.admin import columns
from events.admin.read_only import ReadOnly
from events.grants import Right, grants_of
from invoices.models import Invoice, Order, OrderLine
from invoices.money import money_text
from invoices.printing import render_invoice
from invoices.sending import SendingState
from invoices.topics import ORDER_INVOICES

TONES = {
    SendingState.REQUESTED: "info",
    SendingState.RETRYING: "warning",
    SendingState.SENT: "success",
    SendingState.UNKNOWN: "warning",
    SendingState.FAILED: "danger",
}


def _may(request: HttpRequest, right: Right) -> bool:
    return grants_of(request.user).allows(right, ORDER_INVOICES.name)


class LinesInline(TabularInline):  # type: ignore[misc]  # unfold has no types
    """What was ordered."""

    model = OrderLine
    fields = ("number", "description", "quantity", "price", "line_amount")
    readonly_fields = ("price", "line_amount")
    can_delete = False
    extra = 0

    def has_add_permission(self, _request: HttpRequest, _obj: Order | None = None) -> bool:
        """Nobody adds to a placed order."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Order | None = None) -> bool:
        """Nobody changes a placed order."""
        return False

    @columns.column("Unit price")
    def price(self, line: OrderLine) -> str:
        """The unit price with its currency."""
        return money_text(line.unit_price, line.order.currency)

    @columns.column("Amount")
    def line_amount(self, line: OrderLine) -> str:
        """Quantity times unit price."""
        return money_text(line.amount, line.order.currency)


@admin.register(Order)
class OrderAdmin(ReadOnly[Order]):
    """Orders, newest first."""

    list_display = ("heading", "total_money", "invoice_state", "placed", "waybill")
    search_fields = ("order_id__exact",)
    search_help_text = "Order id"
    ordering = ("-created_at",)
    fields = (
        "order_id", "customer_name", "customer_email", "total_money", "placed",
        "invoice_link", "invoice_state", "waybill",
    )  # fmt: skip
    readonly_fields = ("total_money", "placed", "invoice_link", "invoice_state", "waybill")
    inlines = (LinesInline,)
    sidebar_icon = "shopping_cart"
    empty_text = "Orders appear here as soon as they are placed: POST /api/v1/orders."

    def has_view_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Orders are read with their topic, as in the API."""
        return super().has_view_permission(request, obj) and _may(request, Right.READ)

    def get_queryset(self, _request: HttpRequest) -> QuerySet[Order]:
        """Load what a row shows with it."""
        return Order.objects.select_related("invoice").with_outcome()

    @columns.column("Order", header=True)
    def heading(self, order: Order) -> tuple[str, str]:
        """The order id over the customer."""
        return order.order_id, order.customer_name

    @columns.column("Total")
    def total_money(self, order: Order) -> str:
        """The total with its currency."""
        return money_text(order.total, order.currency)

    @columns.column("Placed")
    def placed(self, order: Order) -> SafeString | str:
        """When it was placed."""
        return columns.moment(order.created_at)

    @columns.column("Invoice")
    def invoice_link(self, order: Order) -> SafeString | str:
        """The invoice of the order."""
        return _link("admin:invoices_invoice_change", order.invoice.pk, order.invoice.number)

    @columns.column("Invoice is")
    def invoice_state(self, order: Order) -> SafeString:
        """How the sending stands, by the ledger."""
        return _label(order.state)

    @columns.column("Waybill")
    def waybill(self, order: Order) -> SafeString | str:
        """The waybill of the event that requested the invoice."""
        return columns.event_link(order.invoice.event_id)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly[Invoice]):
    """Invoices, newest first."""

    list_display = ("heading", "sending", "requested", "sent", "waybill")
    search_fields = ("order__order_id__exact",)
    search_help_text = "Order id"
    ordering = ("-requested_at",)
    fields = (
        "invoice_number", "order_link", "sending", "requested", "sent", "mail", "pdf_link",
        "waybill",
    )  # fmt: skip
    readonly_fields = fields
    sidebar_icon = "receipt_long"
    empty_text = "Every order gets an invoice as soon as it is placed."

    def has_view_permission(self, request: HttpRequest, obj: Invoice | None = None) -> bool:
        """Invoices are read with their topic, as in the API."""
        return super().has_view_permission(request, obj) and _may(request, Right.READ)

    def get_queryset(self, _request: HttpRequest) -> QuerySet[Invoice]:
        """Load what a row shows with it."""
        return Invoice.objects.select_related("order").with_outcome()

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the PDF."""
        pdf = path(
            "<int:pk>/pdf/", self.admin_site.admin_view(self.show_pdf), name="invoices_invoice_pdf"
        )
        others: list[URLPattern] = super().get_urls()
        return [pdf, *others]

    def show_pdf(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the PDF, the same bytes that the customer got."""
        if not (self.has_view_permission(request) and _may(request, Right.VALUES)):
            raise PermissionDenied
        order = Order.objects.with_document().filter(invoice__pk=pk).first()
        if order is None:
            raise Http404("no such invoice")
        name = f'inline; filename="invoice-{order.order_id}.pdf"'
        return HttpResponse(
            render_invoice(order),
            content_type="application/pdf",
            headers={"Content-Disposition": name},
        )

    @columns.column("Invoice", header=True)
    def heading(self, invoice: Invoice) -> tuple[str, str]:
        """The number over the order id."""
        return invoice.number, f"Order {invoice.order.order_id}"

    @columns.column("Number")
    def invoice_number(self, invoice: Invoice) -> str:
        """The number printed on it."""
        return invoice.number

    @columns.column("Order")
    def order_link(self, invoice: Invoice) -> SafeString | str:
        """The order it belongs to."""
        order = invoice.order
        return _link("admin:invoices_order_change", order.pk, order.order_id)

    @columns.column("State")
    def sending(self, invoice: Invoice) -> SafeString:
        """How the sending stands, by the ledger."""
        return _label(invoice.state)

    @columns.column("Requested")
    def requested(self, invoice: Invoice) -> SafeString | str:
        """When it was requested."""
        return columns.moment(invoice.requested_at)

    @columns.column("Sent")
    def sent(self, invoice: Invoice) -> SafeString | str:
        """When the mail server took it."""
        return columns.moment(invoice.sent_at)

    @columns.column("Message-ID")
    def mail(self, invoice: Invoice) -> SafeString | str:
        """The Message-ID of the mail."""
        return columns.code(invoice.message_id)

    @columns.column("PDF")
    def pdf_link(self, invoice: Invoice) -> SafeString | str:
        """The PDF itself."""
        return _link("admin:invoices_invoice_pdf", invoice.pk, "Show")

    @columns.column("Waybill")
    def waybill(self, invoice: Invoice) -> SafeString | str:
        """The waybill of the event that requested it."""
        return columns.event_link(invoice.event_id)


def _link(view: str, pk: Any, text: str) -> SafeString | str:
    return format_html('<a class="wb-link" href="{}">{}</a>', reverse(view, args=[pk]), text)


def _label(state: SendingState) -> SafeString:
    return format_html('<span class="wb-label wb-{}">{}</span>', TONES[state], state.value)
