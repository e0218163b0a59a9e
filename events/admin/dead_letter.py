"""Dead letters: messages set aside for people."""

import base64
import binascii
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.by_topic import ByTopic
from events.admin.filters import GroupFilter, TopicFilter, among
from events.admin.payload import readable
from events.grants import Right, grants_of
from events.models import DeadLetter


@admin.register(DeadLetter)
class DeadLetterAdmin(ByTopic[DeadLetter]):
    """What failed, with everything needed to understand it."""

    list_display = ("heading", "status", "waybill", "position", "created", "problem")
    list_filter = (among("state", DeadLetter.State), GroupFilter, TopicFilter)
    ordering = ("-created_at", "-id")
    fieldsets = (
        (None, {"fields": (
            "status", "group", "handler", "waybill", "position", "identity", "dedupe",
            "attempts", "created", "changed", "reason",
        )}),
        ("What went wrong", {"fields": ("exception", "error_text", "trace")}),
        ("The message, as it lay on Kafka", {"fields": ("recorded", "raw_key", "names", "raw")}),
    )  # fmt: skip
    readonly_fields = (
        "status", "waybill", "position", "identity", "dedupe", "created", "changed",
        "error_text", "trace", "recorded", "raw_key", "names", "raw",
    )  # fmt: skip
    empty_text = "No message was set aside: nothing has failed for good."

    def rows(self) -> QuerySet[DeadLetter]:
        """Leave out the bytes and the traceback until a page asks for them."""
        return DeadLetter.objects.defer("value", "headers", "traceback")

    def get_fieldsets(self, request: HttpRequest, obj: DeadLetter | None = None) -> Any:
        """Show the message's bytes only to those who may see values."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or grants_of(request.user).allows(Right.VALUES, obj.topic):
            return shown
        note = (
            "The key, the headers and the value are for those with a grant to see values of "
            f"topic {obj.topic}."
        )
        return (*shown[:-1], (shown[-1][0], {"fields": ("recorded",), "description": note}))

    @columns.column("Group and exception", header=True)
    def heading(self, letter: DeadLetter) -> tuple[str, str]:
        """The group over what went wrong."""
        return letter.group, letter.exception

    @columns.column("State")
    def status(self, letter: DeadLetter) -> SafeString:
        """Whether somebody dealt with it."""
        return columns.label(letter.state)

    @columns.column("Event")
    def waybill(self, letter: DeadLetter) -> SafeString | str:
        """The event's waybill."""
        return columns.event_link(letter.event_id)

    @columns.column("Position")
    def position(self, letter: DeadLetter) -> str:
        """Where the message lay."""
        return f"{letter.topic}:{letter.partition}:{letter.offset}"

    @columns.column("CloudEvents source, id and type")
    def identity(self, letter: DeadLetter) -> SafeString | str:
        """What the message calls itself."""
        return columns.code(f"{letter.source} {letter.ce_id} {letter.type}".strip())

    @columns.column("Dedupe key")
    def dedupe(self, letter: DeadLetter) -> SafeString | str:
        """The whole dedupe key."""
        return columns.code(letter.dedupe_key)

    @columns.column("Set aside")
    def created(self, letter: DeadLetter) -> SafeString | str:
        """When the group gave up."""
        return columns.moment(letter.created_at)

    @columns.column("Changed")
    def changed(self, letter: DeadLetter) -> SafeString | str:
        """When its state last changed."""
        return columns.moment(letter.changed_at)

    @columns.column("Recorded")
    def recorded(self, letter: DeadLetter) -> SafeString | str:
        """The record's own time on Kafka."""
        return columns.moment(letter.recorded_at)

    @columns.column("Error")
    def problem(self, letter: DeadLetter) -> SafeString | str:
        """The error, beginning first."""
        return columns.short(letter.error, longest=50)

    @columns.column("Error")
    def error_text(self, letter: DeadLetter) -> SafeString | str:
        """The error, whole."""
        return columns.block(letter.error)

    @columns.column("Traceback")
    def trace(self, letter: DeadLetter) -> SafeString | str:
        """Where it was raised."""
        return columns.block(letter.traceback)

    @columns.column("Key")
    def raw_key(self, letter: DeadLetter) -> SafeString | str:
        """The key, as text if it is text."""
        return _shown(letter.key, lay_out=False)

    @columns.column("Headers")
    def names(self, letter: DeadLetter) -> SafeString | str:
        """The headers, a line each."""
        return columns.block(
            "\n".join(f"{name}: {_decoded(value)}" for name, value in letter.headers)
        )

    @columns.column("Value")
    def raw(self, letter: DeadLetter) -> SafeString | str:
        """The value, laid out."""
        return _shown(letter.value, lay_out=True)


def _shown(stored: bytes | memoryview | None, *, lay_out: bool) -> SafeString | str:
    if stored is None:
        return "null"
    payload = readable(bytes(stored), lay_out=lay_out)
    cut = ", cut" if payload.is_cut else ""
    return format_html(
        '{}<p class="wb-hint">{}, {} bytes{}</p>',
        columns.block(payload.text),
        payload.form,
        payload.size,
        cut,
    )


def _decoded(value: str | None) -> str:
    if value is None:
        return "null"
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "backslashreplace")
    except binascii.Error:
        return value
