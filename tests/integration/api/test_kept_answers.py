"""Answers kept under idempotency keys are forgotten, but never before their day is over."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from events.api import kept_answers
from events.api.kept_answers import forget_expired
from events.models import IdempotencyKey
from tests.integration.api.keyed_posts import publish

pytestmark = pytest.mark.django_db


def keep(name: str, *, hours: float) -> None:
    IdempotencyKey.objects.create(
        caller="1",
        key=name,
        fingerprint=b"",
        status=202,
        body=b"{}",
        created_at=timezone.now() - timedelta(hours=hours),
    )


def kept() -> list[str]:
    return list(IdempotencyKey.objects.order_by("key").values_list("key", flat=True))


def test_what_is_older_than_a_day_is_forgotten_the_oldest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, hours in (("a", 23.9), ("b", 24.1), ("c", 30), ("d", 99)):
        keep(name, hours=hours)
    monkeypatch.setattr(kept_answers, "FORGET_AT_MOST", 2)

    assert forget_expired() == 2
    assert kept() == ["a", "b"]
    assert forget_expired() == 1
    assert forget_expired() == 0
    assert kept() == ["a"]


@pytest.mark.django_db(transaction=True)
def test_keeping_answers_forgets_old_ones_by_the_way(
    api: Client, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep("old", hours=25)
    monkeypatch.setattr(kept_answers, "FORGET_EVERY", 1)

    assert publish(api, topic, key="new").status_code == 202

    assert kept() == ["new"]
