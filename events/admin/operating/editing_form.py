"""The form in which a dead letter's value and headers are edited."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from events.admin.operating import message_text
from events.event import Headers

TEXT, BASE64, NULL = "text", "base64", "null"


class EditForm(forms.Form):
    """The message as text; what is left as it was shown stays as it is, to the byte.

    After validation `new_value` and `new_headers` are what the texts say. Raises ValueError for
    headers that no text can tell.
    """

    written = forms.ChoiceField(
        label="The value is",
        choices=[(TEXT, "text"), (BASE64, "bytes, written in base64"), (NULL, "null")],
        widget=UnfoldAdminSelectWidget,
    )
    value = forms.CharField(
        label="Value",
        required=False,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 14, "spellcheck": "false"}),
    )
    headers = forms.CharField(
        label="Headers",
        required=False,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false"}),
        help_text="One a line: name: text, name:: base64, or a bare name for null.",
    )

    def __init__(self, sent: Any = None, *, value: bytes | None, headers: Headers) -> None:
        super().__init__(sent, initial=_shown(value, headers))
        self._old_value = self.new_value = value
        self._old_headers = self.new_headers = headers

    @property
    def is_value_edited(self) -> bool:
        """Whether the value is another one now."""
        return self.new_value != self._old_value

    @property
    def are_headers_edited(self) -> bool:
        """Whether the headers are others now."""
        return self.new_headers != self._old_headers

    def clean(self) -> dict[str, Any]:
        """Turn the texts into bytes."""
        found = super().clean() or {}
        try:
            self.new_value = self._value(found)
        except ValueError as error:
            self.add_error("value", str(error))
        try:
            if self._is_touched(found, "headers"):
                self.new_headers = message_text.headers_of(found["headers"])
        except ValueError as error:
            self.add_error("headers", str(error))
        if not self.errors and not (self.is_value_edited or self.are_headers_edited):
            self.add_error(None, "Nothing is edited: redrive the letter as it is instead.")
        return found

    def _value(self, found: dict[str, Any]) -> bytes | None:
        if not (self._is_touched(found, "value") or self._is_touched(found, "written")):
            return self._old_value
        if found.get("written") == NULL:
            return None
        is_base64 = found.get("written") == BASE64
        like = self._old_value or b""
        return message_text.value_of(found["value"], is_base64=is_base64, like=like)

    def _is_touched(self, found: dict[str, Any], name: str) -> bool:
        return bool(message_text.lines(found.get(name, "")) != self.initial[name])


def _shown(value: bytes | None, headers: Headers) -> dict[str, str]:
    text, is_base64 = ("", False) if value is None else message_text.value_text(value)
    written = NULL if value is None else BASE64 if is_base64 else TEXT
    return {"value": text, "written": written, "headers": message_text.headers_text(headers)}
