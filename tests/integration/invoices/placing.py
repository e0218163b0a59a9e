"""An order to be placed, and who places it."""

from events.publishing.outbox import Publisher
from invoices.order_request import CustomerRequest, LineRequest, OrderRequest

SHOP = Publisher(name="shop", request_id="r-1")
REQUEST = OrderRequest(
    order_id="1042",
    customer=CustomerRequest(name="Ada Lovelace", email="ada@example.org"),
    currency="EUR",
    lines=(
        LineRequest(description="Coffee", quantity=3, unit_price="0.10"),
        LineRequest(description="Delivery", quantity=1, unit_price="1234.56"),
    ),
)
