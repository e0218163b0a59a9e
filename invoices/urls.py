"""The addresses of the orders API, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from invoices.views import InvoiceView, OrdersView, OrderView

urlpatterns: list[URLPattern | URLResolver] = [
    path("orders", OrdersView.as_view(), name="orders"),
    path("orders/<str:order_id>", OrderView.as_view(), name="order"),
    path("orders/<str:order_id>/invoice.pdf", InvoiceView.as_view(), name="order-invoice"),
]
