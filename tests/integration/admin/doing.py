"""What a person does on a page that changes something, and what the audit says of it."""

from typing import Any

from django.test import Client

from events.models import OperatorAction

GROUP = "invoices"  # subscribes to order_invoices
WHY = "the table is mended"


def plan(client: Client, page: str) -> str:
    """Look at the plan; return what it says."""
    answer = client.get(page)
    assert answer.status_code == 200, page
    return str(answer.content.decode())


def confirm(client: Client, page: str, *, reason: str = WHY, **more: Any) -> Any:
    """Give the reason."""
    return client.post(page, {"confirmed": "yes", "reason": reason, **more})


def audited() -> list[tuple[str, str, str, bool]]:
    """The operator actions so far: actor, action, reason, allowed."""
    rows = OperatorAction.objects.order_by("at", "id")
    return list(rows.values_list("actor", "action", "reason", "allowed"))
