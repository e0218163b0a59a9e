"""The form that asks which old messages a group is to consume again, and how."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.utils.html import format_html
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from events.admin.operating.given_key import given_key
from events.admin.operating.group_topics import topics_of
from events.replaying.request import All, Offsets, ReplayRequest, Times

ALL, OFFSETS, TIMES = "all", "offsets", "timestamps"
MISSING, FORCE = "missing", "force"

_MODES = {
    MISSING: "Only what the ledger has no row of",
    FORCE: "By force: everything, done or not",
}
_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]


def _offset(label: str, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=2**63 - 1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=help_text,
    )


def _time(help_text: str) -> forms.DateTimeField:
    widget = UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "step": "1"})
    return forms.DateTimeField(
        required=False, input_formats=_FORMATS, widget=widget, help_text=help_text
    )


class ReplayingForm(forms.Form):
    """Once it is valid, `wanted` says it in the words of the service.

    Times are written in the zone that is named beside them: the browser fills in the viewer's;
    without scripts it is UTC.
    """

    group = forms.ChoiceField(label="Group", widget=UnfoldAdminSelectWidget)
    topics = forms.MultipleChoiceField(
        label="Topics",
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None chosen: all that the group subscribes to.",
    )
    range = forms.ChoiceField(
        label="Which messages",
        choices=[(ALL, "All there are"), (OFFSETS, "By offset"), (TIMES, "By time")],
        widget=UnfoldAdminRadioSelectWidget,
        initial=ALL,
    )
    partition = forms.IntegerField(
        label="Partition",
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: all of them.",
    )
    first = _offset("From offset", "Empty: from the first there is.")
    before = _offset("Before offset", "This one is not read. Empty: to the end.")
    start = _time("By the messages' own times. Empty: from the first there is.")
    end = _time("Messages of this time are not read. Empty: to the end.")
    zone = forms.CharField(required=False, widget=forms.HiddenInput)
    type = forms.ChoiceField(
        label="Only this type", required=False, widget=UnfoldAdminSelectWidget
    )
    key = forms.CharField(
        label="Only this key",
        required=False,
        strip=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="A type or a key, not both.",
    )
    key_is_base64 = forms.BooleanField(
        label="The key is bytes, written in base64", required=False, widget=UnfoldBooleanWidget
    )
    mode = forms.ChoiceField(
        label="What of them is run", widget=UnfoldAdminRadioSelectWidget, initial=MISSING
    )
    rate = forms.FloatField(
        label="Messages a second, at most",
        required=False,
        min_value=0.001,
        max_value=1_000_000,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
        help_text="Empty: as fast as it goes.",
    )
    from_archive = forms.BooleanField(
        label="Take what Kafka no longer has from the stored events",
        required=False,
        widget=UnfoldBooleanWidget,
    )
    event = forms.UUIDField(required=False, widget=forms.HiddenInput)  # whose page led here
    asked = forms.CharField(widget=forms.HiddenInput, initial="yes")

    def __init__(
        self,
        sent: Any = None,
        *,
        groups: Sequence[str],
        topics: Iterable[str],
        types: Iterable[str],
        may_force: bool,
        initial: dict[str, Any],
    ) -> None:
        super().__init__(sent, initial=initial)
        self._offer("group", [(each, each) for each in groups])
        self._offer("topics", [(each, each) for each in topics])
        self._offer("type", [("", "all types"), *((each, each) for each in types)])
        modes = _MODES if may_force else {MISSING: _MODES[MISSING]}
        self._offer("mode", list(modes.items()))
        zone = self["zone"].value() or "UTC"
        for name, word in (("start", "From"), ("end", "Before")):
            label = format_html('{} (<span class="wb-zone">{}</span>)', word, zone)
            self.fields[name].label = label

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices

    def clean_topics(self) -> list[str]:
        """Return the topics, if the group takes them all."""
        chosen: list[str] = self.cleaned_data["topics"]
        group = self.cleaned_data.get("group", "")
        foreign = sorted(set(chosen) - set(topics_of(group)))
        if group and foreign:
            raise forms.ValidationError(f"{group} does not subscribe to {', '.join(foreign)}.")
        return chosen

    def clean_key(self) -> bytes | None:
        """Return the key's bytes; None if none is asked for."""
        is_base64 = bool(self.data.get("key_is_base64"))
        return given_key(self.cleaned_data["key"], is_base64=is_base64)

    def clean(self) -> dict[str, Any]:
        """Turn times into moments, and check what belongs together."""
        found = super().clean() or {}
        if found.get("type") and found.get("key") is not None:
            self.add_error("key", "Choose by type or by key, not by both.")
        zone = self._zone(found)
        for name in ("start", "end"):
            if found.get(name) is not None:
                found[name] = cast("datetime", found[name]).replace(tzinfo=zone).astimezone(UTC)
        self._check_range(found)
        return found

    def _zone(self, found: dict[str, Any]) -> tzinfo:
        name = found.get("zone") or "UTC"
        try:
            return UTC if name == "UTC" else ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self.add_error(None, f"There is no time zone {name[:64]!r} here.")
            return UTC

    def _check_range(self, found: dict[str, Any]) -> None:
        chosen = found.get("range")
        if chosen == OFFSETS:
            names = ("partition", "first", "before")
            if all(found.get(name) is None for name in names) and not self._wrong(names):
                self.add_error("first", "Say which offsets, or a partition.")
            several = len(found.get("topics") or topics_of(found.get("group", ""))) > 1
            if found.get("partition") is not None and several:
                self.add_error("topics", "A partition belongs to one topic: choose it, too.")
        if chosen == TIMES:
            bounds = ("start", "end")
            if all(found.get(name) is None for name in bounds) and not self._wrong(bounds):
                self.add_error("start", "Say from when, or until when.")

    def _wrong(self, names: Iterable[str]) -> bool:
        return any(name in self.errors for name in names)

    @property
    def wanted(self) -> ReplayRequest:
        """What is asked for."""
        told = self.cleaned_data
        return ReplayRequest(
            group=told["group"],
            topics=tuple(told["topics"]),
            range=self._range,
            type=told["type"] or None,
            key=told["key"],
            mode="force" if told["mode"] == FORCE else "missing",
            rate=told["rate"],
            from_archive=told["from_archive"],
        )

    @property
    def _range(self) -> All | Offsets | Times:
        told = self.cleaned_data
        if told["range"] == OFFSETS:
            return Offsets(first=told["first"], before=told["before"], partition=told["partition"])
        if told["range"] == TIMES:
            return Times(start=told["start"], before=told["end"])
        return All()
