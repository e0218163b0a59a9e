"""The value and the headers of events, for callers who may see them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from rest_framework.request import Request

from events.api.parameters import Parameters
from events.api.reveals import reveal_to
from events.api.shown_bytes import shown_bytes
from events.grants import Right, grants_of
from events.models import Event

VALUE = "value"
LIST_BYTES = 5_000_000  # of values in one page


class _Content(NamedTuple):
    value: bytes | None
    headers: list[list[str]]


def wants_value(parameters: Parameters) -> bool:
    """Whether the query has `include=value`."""
    return parameters.one_of("include", [VALUE]) is not None


def value_members(events: Sequence[Event], *, request: Request) -> Mapping[UUID, dict[str, Any]]:
    """Return, for each event, the members that `include=value` adds to its record.

    `headers`, and the exact bytes of the value: as text in `value` if they are UTF-8, else in
    `value_base64`; `value` is null for a tombstone. Where the caller may not see them only
    `value_withheld` is there, and true: then they are not even read. Those that are shown are in
    the audit when this returns.
    """
    grants = grants_of(request.user)
    visible = [event.pk for event in events if grants.allows(Right.VALUES, event.topic)]
    contents = {
        pk: _Content(None if value is None else bytes(value), headers)
        for pk, value, headers in Event.objects.filter(pk__in=visible).values_list(
            "pk", "value", "headers"
        )
    }
    reveal_to(request, "event", [event.pk for event in events if event.pk in contents])
    return {event.pk: _members(contents.get(event.pk)) for event in events}


def within(events: Sequence[Event], *, most_bytes: int) -> Sequence[Event]:
    """Return as many of the first events as have values of `most_bytes` together, or the first."""
    total = 0
    for number, event in enumerate(events):
        total += vars(event)["value_bytes"] or 0
        if number and total > most_bytes:
            return events[:number]
    return events


def _members(content: _Content | None) -> dict[str, Any]:
    if content is None:
        return {"value_withheld": True}
    return {
        "value_withheld": False,
        "headers": content.headers,
        **shown_bytes("value", content.value),
    }
