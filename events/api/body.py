"""The body: read once, at most one byte more than its limit, whatever its announced length is."""

from typing import Any

from rest_framework.request import Request

from events.api import problem_kinds as kinds
from events.api.media_type import UTF_8, charset_of, media_type_of
from events.api.problems import Problem, invalid
from events.api.strict_json import NotStrictJson, parse
from events.api.transfer import Read, reader_of
from events.conf import waybill
from events.errors import FieldError
from events.schemas import JSON

IDENTITY = "identity"


def read_json(request: Request, *, limit: int) -> bytes:
    """Return a body announced as JSON, as sent; raises Problem: 415, and what read_body does."""
    if not is_utf8_json(request):
        raise Problem(
            kinds.UNSUPPORTED_MEDIA_TYPE,
            "Send `Content-Type: application/json`, in UTF-8, without Content-Encoding.",
            headers={"Accept-Post": JSON, "Accept-Encoding": "identity"},
        )
    return read_body(request, limit=limit)


def json_object(body: bytes) -> dict[str, Any]:
    """Return the body, parsed; raises Problem: 400 (not acceptable JSON), 422 (no object)."""
    document = parsed_json(body, depth=waybill().limits.depth)
    if not isinstance(document, dict):
        raise invalid([FieldError(pointer="", detail="must be one JSON object")])
    return document


def parsed_json(body: bytes, *, depth: int) -> Any:
    """Return the body, parsed strictly; raises Problem 400."""
    try:
        return parse(body, depth=depth)
    except NotStrictJson as error:
        detail = f"The body is not acceptable JSON: {error}."
        raise Problem(kinds.MALFORMED_JSON, detail) from error


def read_body(request: Request, *, limit: int, limit_name: str = "") -> bytes:
    """Return the body.

    Raises Problem: 413 beyond `limit` bytes, naming the limit; 408 if it does not arrive in time,
    400 where it breaks off.
    """
    announced = _announced_length(request)
    if announced > limit:
        raise too_large(limit, name=limit_name)
    try:
        body = _read(reader_of(request), limit + 1)
    except Exception as error:  # the web server's errors for a broken transfer have no common type
        raise _broken_off(error) from error
    if len(body) > limit:
        raise too_large(limit, name=limit_name)
    if len(body) < announced:
        raise Problem(kinds.BAD_REQUEST, "The body is shorter than its Content-Length.")
    return body


def is_utf8_json(request: Request) -> bool:
    """Whether the body is announced as plain JSON, in UTF-8 and not compressed."""
    content_type = request.META.get("CONTENT_TYPE", "")
    if media_type_of(content_type) != JSON or charset_of(content_type) != UTF_8:
        return False
    return is_plain(request)


def is_plain(request: Request) -> bool:
    """Whether the body is sent as it is, not compressed."""
    coding: str = request.META.get("HTTP_CONTENT_ENCODING", IDENTITY)
    return coding.lower() == IDENTITY


def too_large(limit: int, *, name: str) -> Problem:
    """Return the refusal of a body beyond its limit."""
    named = f"The limit {name}: the" if name else "The"
    return Problem(kinds.TOO_LARGE, f"{named} body may have at most {limit} bytes here.")


def _broken_off(error: Exception) -> Problem:
    # Django wraps the errors of an announced body.
    if isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError):
        return Problem(kinds.TOO_SLOW, "The body did not arrive in time.")
    return Problem(kinds.BAD_REQUEST, "The body could not be read to its end.")


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
