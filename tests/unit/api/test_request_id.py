"""The request id: taken over if harmless, bound to the logs of its own request only."""

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from structlog.contextvars import bind_contextvars, get_contextvars

from events.api.request_id import ACCEPTABLE, RequestIdMiddleware, request_id_of

Seen = list[dict[str, object]]


def send(offered: str | None, *, seen: Seen) -> HttpResponse:
    def view(request: HttpRequest) -> HttpResponse:
        seen.append({**get_contextvars(), "of_request": request_id_of(request)})
        return HttpResponse()

    headers = {} if offered is None else {"X-Request-ID": offered}
    return RequestIdMiddleware(view)(RequestFactory().get("/", headers=headers))


@pytest.mark.parametrize("offered", ["a", "A-b_c.9", "x" * 128])
def test_a_harmless_id_is_taken_over(offered: str) -> None:
    seen: Seen = []
    assert send(offered, seen=seen)["X-Request-ID"] == offered
    assert seen == [{"request_id": offered, "of_request": offered}]


@pytest.mark.parametrize(
    "offered", [None, "", "x" * 129, "a b", "a\nb", "a\n", "<script>", "é", "a;b", "\0"]
)
def test_any_other_is_replaced(offered: str | None) -> None:
    seen: Seen = []
    given = send(offered, seen=seen)["X-Request-ID"]
    assert given != offered
    assert ACCEPTABLE.fullmatch(given)
    assert seen[0]["request_id"] == given


def test_nothing_of_an_earlier_request_clings_to_the_next() -> None:
    seen: Seen = []
    bind_contextvars(event="of an earlier request")
    send("first", seen=seen)
    send("second", seen=seen)
    assert [entry["request_id"] for entry in seen] == ["first", "second"]
    assert "event" not in seen[0]


def test_after_the_request_nothing_is_bound() -> None:
    send("mine", seen=[])
    assert get_contextvars() == {"request_id": "mine"}  # for the server's own line about it
    request_finished.disconnect(close_old_connections)  # as Django's own test client does
    try:
        request_finished.send(sender=None)
    finally:
        request_finished.connect(close_old_connections)
    assert get_contextvars() == {}
