"""Reading the body: bounded, whatever its announced length is."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from events.api.body import read_body
from events.api.problems import Problem


class Transfer(BytesIO):
    """A web server's input that comes in small pieces."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 1_000) if size is not None and size >= 0 else 1_000)


def request(stream: Any, **environ: Any) -> Request:
    made = RequestFactory().generic("POST", "/", b"", **{"wsgi.input": stream, **environ})
    return Request(made)


def chunked(stream: Any) -> Request:
    return request(stream, HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input_terminated": True})


def announced(stream: Any, length: object) -> Request:
    return request(stream, CONTENT_LENGTH=str(length))


def refused(reading: Callable[[], object], *, status: int) -> None:
    with pytest.raises(Problem) as caught:
        reading()
    assert caught.value.kind.status == status


def test_a_body_arrives_whole_in_pieces() -> None:
    content = bytes(range(256)) * 20
    assert read_body(announced(Transfer(content), 5_120), limit=5_120) == content
    assert read_body(chunked(Transfer(content)), limit=5_120) == content


def test_one_byte_over_the_limit_is_refused_and_no_more_is_read() -> None:
    stream = Transfer(b"x" * 1_000_000)
    refused(lambda: read_body(chunked(stream), limit=5_000), status=413)
    assert stream.tell() == 5_001


def test_what_is_announced_too_large_is_not_read_at_all() -> None:
    stream = Transfer(b"x" * 1_000_000)
    refused(lambda: read_body(announced(stream, 1_000_000), limit=5_000), status=413)
    assert stream.tell() == 0


def test_no_more_than_announced_is_read() -> None:
    stream = Transfer(b"x" * 1_000_000)
    assert read_body(announced(stream, 10), limit=5_000) == b"x" * 10
    assert stream.tell() == 10


def test_a_body_that_ends_early_is_refused() -> None:
    refused(lambda: read_body(announced(Transfer(b"x" * 9), 10), limit=5_000), status=400)


@pytest.mark.parametrize("length", ["", "-1", "abc", "1e3"])
def test_a_nonsense_length_announces_nothing(length: str) -> None:
    assert read_body(announced(Transfer(b"x" * 9), length), limit=5_000) == b""


def test_a_chunked_body_is_not_read_where_the_server_does_not_end_it() -> None:
    endless = request(Transfer(b"x" * 9), HTTP_TRANSFER_ENCODING="chunked")
    assert read_body(endless, limit=5_000) == b""


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("invalid chunk size")])
@pytest.mark.parametrize("form", [chunked, lambda stream: announced(stream, 10)])
def test_a_broken_transfer_is_the_callers_fault(
    error: Exception, form: Callable[[Any], Request]
) -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise error

    refused(lambda: read_body(form(Broken()), limit=5_000), status=400)


@pytest.mark.parametrize("form", [chunked, lambda stream: announced(stream, 10)])
def test_a_transfer_that_takes_too_long_is_told_apart(form: Callable[[Any], Request]) -> None:
    class Slow(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise TimeoutError("the request did not arrive in time")

    refused(lambda: read_body(form(Slow()), limit=5_000), status=408)


def test_a_refusal_names_the_limit() -> None:
    with pytest.raises(Problem, match="batch_bytes"):
        read_body(announced(Transfer(b""), 11), limit=10, limit_name="batch_bytes")
