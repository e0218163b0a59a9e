"""Parsed: the events that a request holds, and how their errors are named to its sender."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from events.errors import EventInvalid, FieldError
from events.publishing.new_event import NewEvent

# From an error of publishing, and the event it is about, to a pointer into what was sent.
AsSent = Callable[[str, NewEvent], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """One event, or a batch; what has the wrong shape is refused already."""

    events: Sequence[NewEvent | EventInvalid]
    is_batch: bool
    as_sent: AsSent

    def errors_of(self, index: int, error: EventInvalid) -> list[FieldError]:
        """Return the errors of one event, with pointers into the body as it was sent."""
        event = self.events[index]
        head = f"/{index}" if self.is_batch else ""
        if isinstance(event, EventInvalid):
            return [_below(head, each.pointer, each.detail) for each in error.errors]
        return [
            _below(head, self.as_sent(each.pointer, event), each.detail) for each in error.errors
        ]


def _below(head: str, pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=f"{head}{pointer}", detail=detail)
