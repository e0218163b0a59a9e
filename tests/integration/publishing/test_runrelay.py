"""The command: `--once` says by its exit whether everything is delivered."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from events.conf import Waybill
from events.models import Heartbeat, OutboxEntry, Publication
from tests.conftest import MakeTopic
from tests.integration.publishing.stepping import publish_now

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("waybill_settings"),
]


def run_once() -> str:
    out = StringIO()
    call_command("runrelay", once=True, stdout=out)
    return out.getvalue()


def test_once_delivers_what_is_pending_and_ends(make_topic: MakeTopic) -> None:
    topic = make_topic()
    for n in range(5):
        publish_now(topic, key=str(n))
    publish_now(topic, publish_after=timezone.now() + timedelta(hours=1))
    assert "Everything is delivered" in run_once()
    assert (Publication.objects.count(), OutboxEntry.objects.count()) == (5, 1)
    assert not Heartbeat.objects.exists()


def test_once_fails_when_events_wait_for_a_later_try(make_topic: MakeTopic) -> None:
    missing, good = make_topic(create=False), make_topic()
    publish_now(missing, key="a")
    publish_now(good, key="a")
    with pytest.raises(CommandError, match="1 events could not be delivered yet"):
        run_once()
    assert Publication.objects.get().topic == good


def test_once_gives_up_when_kafka_is_away(
    make_topic: MakeTopic,
    waybill_settings: Callable[..., Waybill],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish_now(make_topic())
    waybill_settings(relay_max_backoff_s=2.0, stop_budget_s=1.0)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    with pytest.raises(CommandError, match="before everything was delivered"):
        run_once()
    assert OutboxEntry.objects.get().attempts == 0
