"""What a process knows of closed keys is read anew whenever they changed."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from events.consuming.letters import Letters
from events.models import ClosedKey

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def close(key: bytes, *, at: datetime) -> ClosedKey:
    return ClosedKey.objects.create(
        group="g", topic="t", key=key, cause="paused", by="ada", closed_at=at
    )


def test_a_key_closed_while_another_was_opened_is_noticed() -> None:
    """The newest stays: the transaction that closed the second began before it."""
    close(b"newest", at=timezone.now())
    opened = close(b"opened", at=AT)
    letters = Letters(group="g")
    before = letters.glance().version
    assert letters.glance().version == before
    opened.delete()
    close(b"closed meanwhile", at=AT)
    assert letters.glance().version != before
