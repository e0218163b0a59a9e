"""Who may come in: everything under /api/v1 asks for a token or a session with its CSRF token."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from events.models import Event

pytestmark = pytest.mark.django_db

EVENT = {"type": "thing.happened", "data": 1}
ADDRESSES = [
    ("POST", "/api/v1/topics/any/events"),
    ("GET", "/api/v1/events/00000000-0000-0000-0000-000000000000"),
    ("GET", "/api/v1/events"),
    ("GET", "/api/v1/topics"),
    ("GET", "/api/v1/topics/any"),
    ("GET", "/api/v1/limits"),
    ("GET", "/api/v1/health"),
    ("POST", "/api/v1/orders"),
    ("GET", "/api/v1/orders/1042"),
    ("GET", "/api/v1/orders/1042/invoice.pdf"),
    ("DELETE", "/api/v1/orders/1042"),
]


def refused(answer: Any) -> None:
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not-authenticated"


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
def test_without_a_token_nothing_is_told(method: str, address: str) -> None:
    refused(Client().generic(method, address, b"x" * 10, content_type="application/json"))


@pytest.mark.parametrize(
    "header",
    [
        "Token",
        "Token ",
        "Token nonsense",
        "Token two parts",
        "Token \xff\xfe",
        "Token a\x00b",
        "Token " + "x" * 5_000,
        "Bearer nonsense",
        "Basic Y2FsbGVyOng=",
        "\xff",
    ],
)
def test_a_header_that_is_no_valid_token_is_refused(header: str, caller: User) -> None:
    client = Client(headers={"Authorization": header})
    refused(client.get("/api/v1/orders/1042"))


def test_an_expired_token_is_refused(caller: User) -> None:
    _, token = AuthToken.objects.create(caller, expiry=timedelta(seconds=-1))
    refused(Client(headers={"Authorization": f"Token {token}"}).get("/api/v1/orders/1042"))


def test_an_inactive_user_is_refused(api: Client, caller: User) -> None:
    caller.is_active = False
    caller.save()
    refused(api.get("/api/v1/orders/1042"))


@pytest.mark.parametrize(("memory_s", "status"), [(60.0, 200), (0.0, 401)])
def test_a_token_is_remembered_for_a_moment_and_no_longer(
    api: Client, caller: User, waybill_settings: Any, memory_s: float, status: int
) -> None:
    waybill_settings(token_memory_s=memory_s)
    assert api.get("/api/v1/topics").status_code == 200
    AuthToken.objects.all().delete()
    assert api.get("/api/v1/topics").status_code == status
    waybill_settings(token_memory_s=0.0)  # as if the moment were over
    refused(api.get("/api/v1/topics"))


def test_what_is_remembered_expires_with_its_token(caller: User, waybill_settings: Any) -> None:
    waybill_settings(token_memory_s=60.0)
    _, token = AuthToken.objects.create(caller, expiry=timedelta(seconds=60))
    client = Client(headers={"Authorization": f"Token {token}"})
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert client.get("/api/v1/topics").status_code == 200
        clock.shift(61)
        refused(client.get("/api/v1/topics"))


def test_a_valid_token_comes_in(api: Client) -> None:
    assert api.get("/api/v1/orders/1042").status_code == 404


@pytest.mark.parametrize("key", ["\0aaaaaaaaaa", "é" * 10, "a" * 10_000])
def test_a_cookie_that_is_no_session_is_a_strangers(key: str, caller: User) -> None:
    client = Client()
    client.cookies["sessionid"] = key
    refused(client.get("/api/v1/orders/1042"))


def test_a_form_of_a_browser_is_refused_unread(caller: User, topic: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(caller)
    answer = client.post(f"/api/v1/topics/{topic}/events", {"csrfmiddlewaretoken": "x" * 32})
    assert answer.status_code == 403


def test_a_session_may_read_and_needs_its_csrf_token_to_write(caller: User, topic: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(caller)
    address = f"/api/v1/topics/{topic}/events"

    assert client.get("/api/v1/orders/1042").status_code == 404
    answer = client.post(address, EVENT, content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"
    assert not Event.objects.exists()

    client.cookies["csrftoken"] = "x" * 32
    answer = client.post(
        address, EVENT, content_type="application/json", headers={"X-CSRFToken": "x" * 32}
    )
    assert answer.status_code == 202, answer.content
