"""The message of a dead letter as people read it, and its value as it is; masked until asked."""

import base64
import binascii
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.operating.operation import REVEAL_LETTER
from events.admin.payload import readable as legible
from events.admin.revealing import Mask, is_revealed, mask, value_file
from events.grants import readable
from events.models import DeadLetter

MESSAGE_PAGE = "events_deadletter_message"
VALUE_PAGE = "events_deadletter_value"


def shown(stored: bytes | memoryview | None, *, lay_out: bool) -> SafeString | str:
    """Return a key or a value, with its form and size."""
    if stored is None:
        return "null"
    payload = legible(bytes(stored), lay_out=lay_out)
    cut = ", cut" if payload.is_cut else ""
    return format_html(
        '{}<p class="wb-hint">{}, {} bytes{}</p>',
        columns.block(payload.text),
        payload.form,
        payload.size,
        cut,
    )


def header(value: str | None) -> str:
    """Return a header's value as text."""
    if value is None:
        return "null"
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "backslashreplace")
    except binascii.Error:
        return value


def masked_message(request: HttpRequest, letter: DeadLetter) -> dict[str, Any]:
    """Return what the letter's page tells of its message: the mask, or for whom the bytes are."""
    return {"letter": letter, "recorded": _recorded(letter), "mask": _mask(request, letter)}


def message_view(request: HttpRequest, letter_id: UUID) -> HttpResponse:
    """Show the message as it lay on Kafka, once the look is written down."""
    letter = _found(request, letter_id)
    if request.method != "POST":
        return redirect("admin:events_deadletter_change", letter_id)
    shown = is_revealed(request, REVEAL_LETTER, topic=letter.topic, target_id=letter.pk)
    return _message(request, letter, shown=shown)


def value_view(request: HttpRequest, letter_id: UUID) -> HttpResponse:
    """Answer the value as it lay on Kafka, to be kept as a file, once that is written down."""
    letter = _found(request, letter_id)
    if request.method != "POST":
        return redirect("admin:events_deadletter_change", letter_id)
    if not is_revealed(request, REVEAL_LETTER, topic=letter.topic, target_id=letter.pk):
        return _message(request, letter, shown=False)
    name = f"{letter.topic}-{letter.partition}-{letter.offset}.bin"
    return value_file(bytes(letter.value or b""), name=name)


def _found(request: HttpRequest, letter_id: UUID) -> DeadLetter:
    """Return the letter without its bytes: they are read when something asks for them."""
    if not request.user.has_perm("events.view_deadletter"):
        raise PermissionDenied
    rows = DeadLetter.objects.defer("key", "value", "headers", "traceback").filter(pk=letter_id)
    letter = readable(rows, user=request.user).first()
    if letter is None:
        raise Http404("no such dead letter")
    return letter


def _message(request: HttpRequest, letter: DeadLetter, *, shown: bool) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        **masked_message(request, letter),
        "title": "The message of a dead letter",
        "page": reverse("admin:events_deadletter_change", args=[letter.pk]),
        "is_revealed": shown,
        "message": _told(letter) if shown else (),
    }
    return TemplateResponse(request, "events/letter_message.html", context)


def _mask(request: HttpRequest, letter: DeadLetter) -> Mask | None:
    if not REVEAL_LETTER.allows(request.user, topics=[letter.topic]):
        return None
    return mask(
        request,
        page=reverse(f"admin:{MESSAGE_PAGE}", args=[letter.pk]),
        download=reverse(f"admin:{VALUE_PAGE}", args=[letter.pk]),
    )


def _told(letter: DeadLetter) -> tuple[tuple[str, SafeString | str], ...]:
    headers = "\n".join(f"{name}: {header(value)}" for name, value in letter.headers)
    return (
        ("Key", shown(letter.key, lay_out=False)),
        ("Headers", columns.block(headers)),
        ("Value", shown(letter.value, lay_out=True)),
    )


def _recorded(letter: DeadLetter) -> SafeString | str:
    return columns.moment(letter.recorded_at)
