"""`Prefer: wait=N`, as RFC 7240 has it."""

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from events.api.publishing.preference import preferred_wait_s


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("wait=1", 1),
        ("wait=30", 30),
        ("wait=3600", 30),
        ('wait="7"', 7),
        ("Wait = 7", 7),
        ("respond-async, wait=5", 5),
        ("wait=5; foo=bar, return=minimal", 5),
        ("wait=5, wait=9", 5),
        ("", 0),
        ("wait", 0),
        ("wait=", 0),
        ("wait=0", 0),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("wait=x, wait=2", 2),
        ("wait=9999999999", 0),
        ("await=5", 0),
        ("return=representation", 0),
    ],
)
def test_the_first_wish_that_can_be_read_counts(header: str, wait_s: int) -> None:
    request = Request(RequestFactory().post("/", headers={"Prefer": header}))
    assert preferred_wait_s(request, most_s=30) == wait_s


def test_without_the_header_nobody_waits() -> None:
    assert preferred_wait_s(Request(RequestFactory().post("/")), most_s=30) == 0
