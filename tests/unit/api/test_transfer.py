"""What is left of a refused body: taken in, within bounds."""

from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from events.api import transfer


def request(stream: Any, **environ: Any) -> Request:
    return Request(RequestFactory().generic("POST", "/", b"", **{"wsgi.input": stream, **environ}))


def test_the_rest_of_an_announced_body_is_read_and_not_what_follows_it() -> None:
    stream = BytesIO(b"x" * 1_000_000 + b"the next request")
    refused = request(stream, CONTENT_LENGTH="1000000")
    refused.read(10)
    transfer.take_in_the_rest(refused)
    assert stream.read() == b"the next request"


def test_the_rest_of_a_chunked_body_is_read() -> None:
    stream = BytesIO(b"x" * 1_000_000)
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    transfer.take_in_the_rest(request(stream, **chunked))
    assert stream.read() == b""


def test_no_more_than_the_bound_is_read() -> None:
    stream = BytesIO(b"x" * 20_000_000)
    transfer.take_in_the_rest(request(stream, CONTENT_LENGTH="20000000"))
    assert stream.tell() == transfer.UNWANTED_BYTES


def test_a_slow_caller_is_not_waited_for_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "UNWANTED_S", 0.0)
    stream = BytesIO(b"x" * 100_000)
    transfer.take_in_the_rest(request(stream, CONTENT_LENGTH="100000"))
    assert stream.tell() == 0


def test_a_caller_who_hangs_up_disturbs_nobody() -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("gone")

    transfer.take_in_the_rest(request(Broken(), CONTENT_LENGTH="10"))
