"""The form that asks where a group is to go on."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from events.operating.seeking import Earliest, Latest, Offset, Target, Timestamp

_TO = {
    "latest": "behind the last message",
    "earliest": "the first message there is",
    "timestamp": "the first message at or after a time",
    "offset": "an offset",
}


class SeekingForm(forms.Form):
    """Where to; `target` says it in the words of the service, once the form is valid."""

    to = forms.ChoiceField(
        label="Go on with", choices=list(_TO.items()), widget=UnfoldAdminSelectWidget
    )
    at = forms.DateTimeField(
        label="Time (UTC)",
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "step": "1"}),
        help_text="By the messages' own times.",
    )
    offset = forms.IntegerField(
        label="Offset",
        required=False,
        min_value=0,
        max_value=2**63 - 1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Or the nearest there is.",
    )
    topic = forms.ChoiceField(label="Topic", required=False, widget=UnfoldAdminSelectWidget)
    partition = forms.IntegerField(
        label="Partition",
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: all partitions.",
    )

    def __init__(self, sent: Any = None, *, topics: Sequence[str]) -> None:
        super().__init__(sent)
        field = self.fields["topic"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "all topics"), *((each, each) for each in topics)]

    def clean(self) -> dict[str, Any]:
        """Ask for what the choice needs."""
        found = super().clean() or {}
        if found.get("to") == "timestamp" and not found.get("at") and "at" not in self.errors:
            self.add_error("at", "Say which time.")
        is_missing = found.get("offset") is None and "offset" not in self.errors
        if found.get("to") == "offset" and is_missing:
            self.add_error("offset", "Say which offset.")
        if found.get("partition") is not None and not found.get("topic"):
            self.add_error("topic", "A partition belongs to a topic: choose it, too.")
        return found

    @property
    def target(self) -> Target:
        """Where to."""
        match self.cleaned_data["to"]:
            case "earliest":
                return Earliest()
            case "latest":
                return Latest()
            case "offset":
                return Offset(self.cleaned_data["offset"])
            case _:
                at: datetime = self.cleaned_data["at"]
                return Timestamp(at.replace(tzinfo=UTC))
