"""Whatever goes wrong under /api: one form, no secrets, and a page that explains it."""

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import urls as project
from events.api.problem_kind import problem_kinds
from events.models import Event

pytestmark = pytest.mark.django_db


class Broken(APIView):
    def get(self, request: Request) -> Response:
        raise RuntimeError("a secret of db.internal")


urlpatterns = [*project.urlpatterns, path("api/v1/broken", Broken.as_view())]
handler400, handler403 = project.handler400, project.handler403
handler404, handler500 = project.handler404, project.handler500


@pytest.fixture
def database_away() -> Iterator[None]:
    """Nobody listens where Django looks for its database."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, so that nobody else listens there
        before = connection.settings_dict["PORT"]
        connection.close()
        connection.settings_dict["PORT"] = taken.getsockname()[1]
        yield
        connection.close()
        connection.settings_dict["PORT"] = before


def problem_of(answer: Any, *, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code
    assert problem["request_id"] == answer["X-Request-ID"]
    return problem


@pytest.mark.parametrize(
    "address", ["/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v2/orders", "/api/%00%ff<x>"]
)
def test_an_unknown_address_is_a_problem(address: str) -> None:
    problem = problem_of(Client().get(address), status=404, code="not-found")
    assert "<" not in problem["instance"]


def test_outside_of_the_api_django_answers_as_ever() -> None:
    answer = Client().get("/nothing")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_a_method_that_is_not_offered_is_a_problem_naming_those_that_are(
    api: Client, topic: str, method: str
) -> None:
    answer = api.generic(method, f"/api/v1/topics/{topic}/events")
    problem_of(answer, status=405, code="method-not-allowed")
    assert answer["Allow"] == "POST"


def test_a_host_that_is_not_ours_is_a_problem() -> None:
    answer = Client().get("/api/v1/orders/1", headers={"Host": "elsewhere.example"})
    problem_of(answer, status=400, code="bad-request")


@pytest.mark.urls(__name__)
def test_what_nobody_foresaw_tells_the_request_id_and_is_logged_once(
    api: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = api.get("/api/v1/broken")

    problem = problem_of(answer, status=500, code="internal-error")
    assert problem["request_id"]
    assert "secret" not in answer.content.decode()
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.exc_info is not None for record in errors] == [True]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("database_away")
def test_without_the_database_the_answer_is_503_and_says_when_to_come_back() -> None:
    client = Client(headers={"Authorization": "Token anything"}, raise_request_exception=False)
    answer = client.post(
        "/api/v1/topics/any/events", {"type": "a.b", "data": 1}, content_type="application/json"
    )
    problem_of(answer, status=503, code="unavailable")
    assert answer["Retry-After"] == "2"
    assert "127.0.0.1" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_fails_at_the_end_leaves_nothing_behind(api: Client, topic: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_outboxentry RENAME TO elsewhere")
    try:
        answer = api.post(
            f"/api/v1/topics/{topic}/events",
            {"type": "thing.happened", "data": 1},
            content_type="application/json",
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO events_outboxentry")
    problem_of(answer, status=500, code="internal-error")
    assert "elsewhere" not in answer.content.decode()
    assert not Event.objects.exists()


def test_every_kind_has_its_page_for_people_without_a_login() -> None:
    kinds = list(problem_kinds())
    assert {"malformed-json", "unavailable", "order-conflict"} <= {kind.code for kind in kinds}
    for kind in kinds:
        page = Client().get(kind.type)
        assert page.status_code == 200
        assert kind.title in page.content.decode()
    index = Client().get("/problems/").content.decode()
    assert all(kind.type in index for kind in kinds)
    assert Client().get("/problems/nonsense").status_code == 404
