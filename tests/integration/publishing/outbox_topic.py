"""A topic for tests of publish() that needs no broker."""

from typing import Any

import pytest

from events.models import Event, OutboxEntry

TOPIC = "unit_outbox"
TYPE = "thing.happened"
FIELDS: dict[str, Any] = {"type": TYPE, "data": {}}

committing = pytest.mark.django_db(transaction=True)


def stored() -> tuple[int, int]:
    """How many events and outbox entries there are."""
    return Event.objects.count(), OutboxEntry.objects.count()
