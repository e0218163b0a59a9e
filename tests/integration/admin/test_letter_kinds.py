"""What failed, by kind: the first thing to look at when much failed."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from events.admin import letter_kinds
from events.models import DeadLetter
from tests.audit_rows import a_dead_letter, at
from tests.integration.admin.doing import GROUP
from tests.integration.admin.pages import address

pytestmark = pytest.mark.django_db

LIST = address(DeadLetter, "changelist")


def kinds(client: Client, query: str = "") -> list[tuple[str, str, str]]:
    page = client.get(f"{reverse('admin:events_deadletter_kinds')}?{query}")
    return [(each["exception"], each["handler"], each["count"]) for each in page.context["kinds"]]


@pytest.fixture
def letters() -> None:
    for number in range(3):
        a_dead_letter(None, group=GROUP, offset=number, created_at=at(number))
    a_dead_letter(None, group=GROUP, offset=3, exception="E", handler="")
    a_dead_letter(None, group="others", offset=4, exception="E")
    a_dead_letter(None, group=GROUP, offset=5, state="redriven")
    a_dead_letter(None, group=GROUP, offset=6, topic="salaries", exception="Secret")


@pytest.mark.usefixtures("letters")
def test_open_letters_are_grouped_the_most_frequent_first(
    superuser: Client, operator: Client
) -> None:
    send = "invoices.handlers.send_invoice"
    mine = [("invoices.errors.NoTaxRate", send, "3"), ("E", "before any handler", "1")]

    assert kinds(superuser)[0] == mine[0]
    assert len(kinds(superuser)) == 4
    assert kinds(operator, f"group={GROUP}") == mine


@pytest.mark.usefixtures("letters")
def test_each_kind_leads_to_its_letters(superuser: Client) -> None:
    for each in superuser.get(reverse("admin:events_deadletter_kinds")).context["kinds"]:
        listed = superuser.get(each["link"]).context["cl"].result_list
        assert len(listed) == int(each["count"]), each["exception"]


@pytest.mark.usefixtures("letters")
def test_the_list_asks_for_the_kinds_unless_it_shows_one(superuser: Client) -> None:
    page = reverse("admin:events_deadletter_kinds")

    assert f'hx-get="{page}' in superuser.get(LIST).content.decode()
    assert f"{page}?group=others" in superuser.get(f"{LIST}?group=others").content.decode()
    for query in ("state=redriven", "exception=E", "handler=x"):
        assert page not in superuser.get(f"{LIST}?{query}").content.decode(), query


def test_without_open_letters_it_says_so(superuser: Client) -> None:
    page = superuser.get(reverse("admin:events_deadletter_kinds")).content.decode()

    assert "No dead letter is open" in page


@pytest.mark.usefixtures("letters")
def test_it_looks_at_a_bounded_number_of_letters_in_few_queries(
    superuser: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(letter_kinds, "LETTERS", 2)

    with django_assert_max_num_queries(5):  # session, user, the newest, groups, their examples
        page = superuser.get(reverse("admin:events_deadletter_kinds"))

    assert sum(int(each["count"]) for each in page.context["kinds"]) == 2
    assert "the newest" in page.content.decode()


def test_it_is_for_those_who_may_see_dead_letters(client: Client) -> None:
    client.force_login(User.objects.create_user("eve", is_staff=True))

    assert client.get(reverse("admin:events_deadletter_kinds")).status_code == 403
