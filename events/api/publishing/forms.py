"""Forms: in which of them a request holds its events, and how large it may be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from rest_framework.request import Request

from events.api import problem_kinds as kinds
from events.api.body import IDENTITY, is_plain, read_body, too_large
from events.api.media_type import UTF_8, charset_of, media_type_of
from events.api.problems import Problem
from events.api.publishing.binary_form import SIGN, attribute_headers, read_binary
from events.api.publishing.json_form import read_json_form
from events.api.publishing.parsed import Parsed
from events.api.publishing.structured_form import read_structured, read_structured_batch
from events.api.publishing.trace import trace_of
from events.conf import Limits
from events.schemas import JSON, is_json

CLOUD_EVENTS = "application/cloudevents"
STRUCTURED, BATCH = f"{CLOUD_EVENTS}+json", f"{CLOUD_EVENTS}-batch+json"
ACCEPTED = f"{JSON}, {STRUCTURED}, {BATCH}"
# What a body may hold beside the value: key, headers, names, and how JSON spells them.
ENVELOPE_BYTES = 65_536

Read = Callable[..., Parsed]


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """How one request's body is to be read.

    `asked` is what belongs to the request beside its address, content type and body: the headers
    that are the event's attributes.
    """

    read: Read
    most_bytes: int
    limit_name: str
    asked: Mapping[str, str]

    def body(self, request: Request) -> bytes:
        """Return the body; raises Problem as read_body does."""
        return read_body(request, limit=self.most_bytes, limit_name=self.limit_name)

    def events(self, request: Request, body: bytes, *, topic: str, limits: Limits) -> Parsed:
        """Return the events. Raises Problem: 400, 413, 422."""
        parsed = self.read(body, topic=topic, trace=trace_of(request), limits=limits)
        if not parsed.is_batch and len(body) > (most := _single_bytes(limits)):
            raise too_large(most, name="event_bytes")
        if len(parsed.events) > limits.batch_events:
            raise _too_many(len(parsed.events), limits=limits)
        return parsed


def form_of(request: Request, *, limits: Limits) -> Form:
    """Return the form that the request is in, by its headers alone.

    Looked at in this order: a CloudEvents content type, `ce-specversion`, `application/json`.
    Raises Problem 415.
    """
    meta = request.META
    content_type = meta.get("CONTENT_TYPE") or ""
    media_type = media_type_of(content_type)
    if not is_plain(request):
        raise _unsupported("The body must be sent without Content-Encoding.")
    if media_type.startswith(CLOUD_EVENTS) or SIGN not in meta:
        return _by_media_type(media_type, charset=charset_of(content_type), limits=limits)
    if is_json(content_type) and charset_of(content_type) != UTF_8:
        raise _unsupported("JSON must be sent in UTF-8.")
    return Form(
        read=partial(read_binary, meta=meta),
        most_bytes=limits.event_bytes,
        limit_name="event_bytes",
        asked=attribute_headers(meta),
    )


def _by_media_type(media_type: str, *, charset: str, limits: Limits) -> Form:
    if charset != UTF_8:
        raise _unsupported("JSON must be sent in UTF-8.")
    if media_type == BATCH:
        return _form(read_structured_batch, limits.batch_bytes, "batch_bytes")
    if media_type == STRUCTURED:
        return _form(read_structured, _single_bytes(limits), "event_bytes")
    if media_type == JSON:  # only its first byte says whether it is a batch
        return _form(read_json_form, max(limits.batch_bytes, _single_bytes(limits)), "batch_bytes")
    raise _unsupported(f"Send one of these content types: {ACCEPTED}; or `ce-specversion`.")


def _form(read: Read, most_bytes: int, limit_name: str) -> Form:
    return Form(read=read, most_bytes=most_bytes, limit_name=limit_name, asked={})


def _single_bytes(limits: Limits) -> int:
    # A value in base64 is a third longer.
    return limits.event_bytes * 4 // 3 + ENVELOPE_BYTES


def _too_many(count: int, *, limits: Limits) -> Problem:
    detail = f"The limit batch_events allows {limits.batch_events}, this batch has {count}."
    return Problem(kinds.TOO_LARGE, detail)


def _unsupported(detail: str) -> Problem:
    return Problem(
        kinds.UNSUPPORTED_MEDIA_TYPE,
        detail,
        headers={"Accept-Post": ACCEPTED, "Accept-Encoding": IDENTITY},
    )
