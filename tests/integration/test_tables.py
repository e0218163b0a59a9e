"""The tables: what the database itself refuses."""

import hashlib

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from events.models import Event

pytestmark = pytest.mark.django_db


def stored_event() -> Event:
    now = timezone.now()
    return Event.objects.create(
        source="/tests",
        ce_id="1",
        topic="order_invoices",
        type="invoice.requested",
        value=b"{}",
        value_sha256=hashlib.sha256(b"{}").digest(),
        occurred_at=now,
        accepted_at=now,
    )


def test_an_event_cannot_be_rewritten() -> None:
    event = stored_event()
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(value=b"other")
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        event.delete()
    assert Event.objects.get(pk=event.pk).value == b"{}"
