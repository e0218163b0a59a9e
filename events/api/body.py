"""The body: read once, at most one byte more than its limit, whatever its announced length is."""

from collections.abc import Callable
from typing import Any

from django.utils.http import parse_header_parameters
from rest_framework.request import Request

from events.api import problem_kinds as kinds
from events.api.problems import Problem, invalid
from events.api.strict_json import NotStrictJson, parse
from events.conf import waybill
from events.errors import FieldError

JSON = "application/json"


def read_json_object(request: Request, *, limit: int) -> tuple[bytes, dict[str, Any]]:
    """Return the body, as sent and parsed: one JSON object of at most `limit` bytes.

    Raises Problem: 415, 413, 400 (not acceptable JSON) or 422 (JSON, but no object).
    """
    _require_json(request)
    body = read_body(request, limit=limit)
    try:
        document = parse(body, depth=waybill().limits.depth)
    except NotStrictJson as error:
        detail = f"The body is not acceptable JSON: {error}."
        raise Problem(kinds.MALFORMED_JSON, detail) from error
    if not isinstance(document, dict):
        raise invalid([FieldError(pointer="", detail="must be one JSON object")])
    return body, document


def read_body(request: Request, *, limit: int) -> bytes:
    """Return the body; raises Problem: 413 beyond `limit` bytes, 400 where it breaks off."""
    announced = _announced_length(request)
    if announced > limit:
        raise _too_large(limit)
    read = _chunks_reader(request) or request.read
    try:
        body = _read(read, limit + 1)
    except Exception as error:  # the web server's errors for a broken transfer have no common type
        raise Problem(kinds.BAD_REQUEST, "The body could not be read to its end.") from error
    if len(body) > limit:
        raise _too_large(limit)
    if len(body) < announced:
        raise Problem(kinds.BAD_REQUEST, "The body is shorter than its Content-Length.")
    return body


def _require_json(request: Request) -> None:
    media_type, parameters = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))
    charset = parameters.get("charset", "utf-8").lower()
    coding = request.headers.get("Content-Encoding", "identity").lower()
    if media_type == JSON and charset in {"utf-8", "utf8"} and coding == "identity":
        return
    raise Problem(
        kinds.UNSUPPORTED_MEDIA_TYPE,
        "Send `Content-Type: application/json`, in UTF-8, without Content-Encoding.",
        headers={"Accept-Post": JSON, "Accept-Encoding": "identity"},
    )


def _announced_length(request: Request) -> int:
    # Absent, or nonsense: nothing is announced. Django reads nothing then, as WSGI asks for.
    announced = request.META.get("CONTENT_LENGTH") or ""
    return int(announced) if announced.isascii() and announced.isdigit() else 0


def _chunks_reader(request: Request) -> Callable[[int], bytes] | None:
    # Django knows no chunked transfer and would find the body empty; a server that marks its input
    # as terminated can be read from directly.
    environ = request.META
    if "HTTP_TRANSFER_ENCODING" in environ and environ.get("wsgi.input_terminated"):
        read: Callable[[int], bytes] = environ["wsgi.input"].read
        return read
    return None


def _read(read: Callable[[int], bytes], size: int) -> bytes:
    pieces: list[bytes] = []
    while size > 0 and (piece := read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _too_large(limit: int) -> Problem:
    return Problem(kinds.TOO_LARGE, f"The body may have at most {limit} bytes here.")
