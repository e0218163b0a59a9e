"""The body: read once, at most one byte more than its limit, whatever its announced length is."""

from typing import Any

from django.utils.http import parse_header_parameters
from rest_framework.request import Request

from events.api import problem_kinds as kinds
from events.api.problems import Problem, invalid
from events.api.strict_json import NotStrictJson, parse
from events.api.transfer import Read, reader_of
from events.conf import waybill
from events.errors import FieldError

JSON = "application/json"


def read_json(request: Request, *, limit: int) -> bytes:
    """Return a body announced as JSON, as sent; raises Problem: 415, and what read_body does."""
    _require_json(request)
    return read_body(request, limit=limit)


def json_object(body: bytes) -> dict[str, Any]:
    """Return the body, parsed; raises Problem: 400 (not acceptable JSON), 422 (no object)."""
    try:
        document = parse(body, depth=waybill().limits.depth)
    except NotStrictJson as error:
        detail = f"The body is not acceptable JSON: {error}."
        raise Problem(kinds.MALFORMED_JSON, detail) from error
    if not isinstance(document, dict):
        raise invalid([FieldError(pointer="", detail="must be one JSON object")])
    return document


def read_body(request: Request, *, limit: int) -> bytes:
    """Return the body; raises Problem: 413 beyond `limit` bytes, 400 where it breaks off."""
    announced = _announced_length(request)
    if announced > limit:
        raise _too_large(limit)
    try:
        body = _read(reader_of(request), limit + 1)
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


def _read(read: Read, size: int) -> bytes:
    pieces: list[bytes] = []
    while size > 0 and (piece := read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _too_large(limit: int) -> Problem:
    return Problem(kinds.TOO_LARGE, f"The body may have at most {limit} bytes here.")
