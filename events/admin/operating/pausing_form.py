"""The form that asks what is to stand still, and until when."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from events.admin.operating.given_key import given_key

_ENDS = {"15m": 15, "1h": 60, "4h": 4 * 60, "24h": 24 * 60, "7d": 7 * 24 * 60}
_END_NAMES = {
    "": "until somebody resumes it",
    "15m": "15 minutes",
    "1h": "1 hour",
    "4h": "4 hours",
    "24h": "24 hours",
    "7d": "7 days",
    "at": "until the time below",
}


class PausingForm(forms.Form):
    """A group, or its topic, partition or one key; `cleaned_data["ends_at"]` is when it ends."""

    group = forms.ChoiceField(label="Group", widget=UnfoldAdminSelectWidget)
    topic = forms.ChoiceField(label="Topic", required=False, widget=UnfoldAdminSelectWidget)
    partition = forms.IntegerField(
        label="Partition",
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: all partitions of the topic.",
    )
    key = forms.CharField(
        label="Key",
        required=False,
        strip=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Only the messages of this key are held, in order; the partition flows.",
    )
    key_is_base64 = forms.BooleanField(
        label="The key is bytes, written in base64", required=False, widget=UnfoldBooleanWidget
    )
    lasts = forms.ChoiceField(
        label="How long",
        required=False,
        choices=list(_END_NAMES.items()),
        widget=UnfoldAdminSelectWidget,
    )
    until = forms.DateTimeField(
        label="Until (UTC)",
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )

    close = forms.CharField(required=False, widget=forms.HiddenInput)  # a key is meant

    def __init__(
        self, sent: Any = None, *, groups: Sequence[str], topics: Iterable[str], **initial: str
    ) -> None:
        super().__init__(sent, initial=initial)
        choices: dict[str, list[tuple[str, str]]] = {
            "group": [(each, each) for each in groups],
            "topic": [("", "all topics"), *((each, each) for each in topics)],
        }
        for name, offered in choices.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = offered

    def clean_key(self) -> bytes | None:
        """Return the key's bytes; None if none is asked for."""
        is_base64 = bool(self.data.get("key_is_base64"))
        return given_key(self.cleaned_data["key"], is_base64=is_base64)

    def clean(self) -> dict[str, Any]:
        """Say when the pause ends."""
        found = super().clean() or {}
        self._check_key(found)
        lasts = found.get("lasts", "")
        until: datetime | None = found.get("until")
        if lasts == "at" and until is None and "until" not in self.errors:
            self.add_error("until", "Say until when.")
        minutes = _ENDS.get(lasts)
        found["ends_at"] = None
        if minutes is not None:
            found["ends_at"] = timezone.now() + timedelta(minutes=minutes)
        elif lasts == "at" and until is not None:
            found["ends_at"] = until.replace(tzinfo=UTC)
        return found

    def _check_key(self, found: dict[str, Any]) -> None:
        key = found.get("key")
        if found.get("close") and key is None and "key" not in self.errors:
            self.add_error("key", "Say which key.")
        if key is not None and not found.get("topic"):
            self.add_error("topic", "A key belongs to a topic: choose it, too.")
        if key is not None and found.get("partition") is not None:
            self.add_error("partition", "A key is always in the same partition: leave it empty.")
        if key is None and found.get("partition") is not None and not found.get("topic"):
            self.add_error("topic", "A partition belongs to a topic: choose it, too.")
