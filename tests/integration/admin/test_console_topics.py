"""Of topics that somebody may not read, the console tells them nothing."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import (
    Attempt,
    ClosedKey,
    Consumption,
    DeadLetter,
    Event,
    Gap,
    OutboxEntry,
    Pause,
    Publication,
    Seek,
    TopicGrant,
)
from tests.audit_rows import (
    a_closed_key,
    a_consumption,
    a_dead_letter,
    a_gap,
    a_heartbeat,
    a_pause,
    a_publication,
    a_seek,
    an_attempt,
    an_event,
    an_outbox_entry,
)
from tests.integration.admin.pages import address

pytestmark = pytest.mark.django_db

Rows = dict[type[Model], Model]
MINE, FOREIGN = "order_invoices", "salaries"


@pytest.fixture
def reader() -> Client:
    """May look at every page, and read one topic."""
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    TopicGrant.objects.create(user=user, topic=MINE, may_read=True)
    client = Client()
    client.force_login(user)
    return client


def rows_of(topic: str) -> Rows:
    event = an_event(f"key of {topic}", topic=topic)
    return {
        Event: event,
        OutboxEntry: an_outbox_entry(event, parked_at=timezone.now()),
        Publication: a_publication(event),
        Consumption: a_consumption(event, topic=topic, dedupe_key=topic, outcome="unknown"),
        Attempt: an_attempt(event, topic=topic),
        DeadLetter: a_dead_letter(event, topic=topic),
        Pause: a_pause(topic=topic),
        ClosedKey: a_closed_key(topic=topic),
        Seek: a_seek(topic=topic),
        Gap: a_gap(topic=topic, at=timezone.now()),
    }


@pytest.fixture
def rows() -> dict[str, Rows]:
    a_heartbeat(beat_at=timezone.now())
    return {topic: rows_of(topic) for topic in (MINE, FOREIGN)}


@pytest.mark.parametrize(
    "model",
    [
        Event,
        OutboxEntry,
        Publication,
        Consumption,
        Attempt,
        DeadLetter,
        Pause,
        ClosedKey,
        Seek,
        Gap,
    ],
)
def test_foreign_rows_are_not_listed_and_their_pages_not_found(
    model: type[Model], reader: Client, rows: dict[str, Rows]
) -> None:
    mine, foreign = rows[MINE][model], rows[FOREIGN][model]

    listed = reader.get(address(model, "changelist"))
    assert [row.pk for row in listed.context["cl"].result_list] == [mine.pk]
    assert FOREIGN not in listed.content.decode()
    asked = reader.get(f"{address(model, 'changelist')}?topic={FOREIGN}")
    assert "Nothing matches" in asked.content.decode()
    assert reader.get(address(model, "change", mine.pk)).status_code == 200
    assert reader.get(address(model, "change", foreign.pk)).status_code == 302


def test_foreign_events_are_not_found(reader: Client, rows: dict[str, Rows]) -> None:
    for topic, found in ((MINE, True), (FOREIGN, False)):
        event = rows[topic][Event]
        for text in (event.pk, f"key of {topic}", f"{topic}:1:128", topic):
            page = reader.get(reverse("admin:find"), {"q": text})
            assert (page.status_code == 302) is found, text


def test_the_overview_counts_what_the_lists_show(
    reader: Client, superuser: Client, rows: dict[str, Rows]
) -> None:
    def numbers(client: Client) -> set[str]:
        page = client.get(reverse("admin:index"))
        assert (FOREIGN in page.content.decode()) is (client is superuser)
        return {each.value for each in page.context["figures"]}

    assert numbers(reader) == {"0", "1"}
    assert numbers(superuser) == {"0", "2"}
