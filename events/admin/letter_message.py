"""The message of a dead letter as people read it, and its value as it is."""

import base64
import binascii
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.payload import readable as legible
from events.grants import Right, grants_of, readable
from events.models import DeadLetter

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


def value_view(request: HttpRequest, letter_id: UUID) -> HttpResponse:
    """Answer the value as it lay on Kafka, to be kept as a file."""
    if not request.user.has_perm("events.view_deadletter"):
        raise PermissionDenied
    rows = DeadLetter.objects.only("topic", "partition", "offset", "value").filter(pk=letter_id)
    letter = readable(rows, user=request.user).first()
    if letter is None or letter.value is None:
        raise Http404("no such value")
    if not grants_of(request.user).allows(Right.VALUES, letter.topic):
        raise PermissionDenied(f"you have no grant to see values of topic {letter.topic}")
    name = f"{letter.topic}-{letter.partition}-{letter.offset}.bin"
    return HttpResponse(
        bytes(letter.value),
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
