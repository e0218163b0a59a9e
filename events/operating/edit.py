"""An edit of a dead letter, examined as its consumer would: could its group handle it now?"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from events.conf import waybill
from events.consuming.decoding import Decoder
from events.consuming.delivery import Delivery, Item, Passed, Undecodable
from events.consuming.letter_record import record_of
from events.consuming.subscriptions import subscriptions
from events.errors import InvalidEvent, UnknownEventType, UnknownTopic
from events.event import Headers
from events.kafka.record import Record
from events.models import DeadLetter
from events.schemas import document_errors
from events.topics import checked_type

_SHOWN_ERRORS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """What an edit changes, for a diff; with `problems` it is refused.

    `dedupe_key` is that of the edited message, empty if it has none because of the problems.
    """

    letter_id: UUID
    dedupe_key: str
    before_value: bytes | None
    after_value: bytes | None
    before_headers: Headers
    after_headers: Headers
    problems: tuple[str, ...]


class Examined(NamedTuple):
    """An edit, and the message as the group's consumer would decode it."""

    edit: Edit
    item: Item


def examined(letter: DeadLetter, *, value: bytes | None, headers: Headers) -> Examined:
    """Return the edit of a letter to this value and these headers, with what is wrong with it."""
    before = record_of(letter)
    after = before._replace(value=value, headers=headers)
    decoder = Decoder(subscriptions(letter.group), settings=waybill())
    item = decoder.decode(after, replay=letter.replay_id, generation=letter.generation)
    problems = (*_too_large(after), *_problems(item, letter))
    edit = Edit(
        letter_id=letter.pk,
        dedupe_key=item.dedupe_key if isinstance(item, Delivery) else "",
        before_value=before.value,
        after_value=after.value,
        before_headers=before.headers,
        after_headers=after.headers,
        problems=problems,
    )
    return Examined(edit, item)


def _too_large(record: Record) -> Iterator[str]:
    most = waybill().limits.event_bytes
    headers = sum(len(name.encode()) + len(value or b"") for name, value in record.headers)
    for what, size in (("value", len(record.value or b"")), ("headers", headers)):
        if size > most:
            yield f"the {what} would be {size} bytes: {most} are allowed (limits.event_bytes)"


def _problems(item: Item, letter: DeadLetter) -> Iterator[str]:
    match item:
        case Undecodable(reason=reason):
            yield f"it cannot be decoded: {reason}"
        case Passed():
            yield f"no handler of {letter.group} takes a message of this type on {letter.topic}"
        case Delivery():
            yield from _schema_problems(item)
            if letter.dedupe_key not in {"", item.dedupe_key}:
                yield (
                    f"its dedupe key would be {item.dedupe_key!r} instead of "
                    f"{letter.dedupe_key!r}: that is another effect, publish a new event for it"
                )


def _schema_problems(item: Delivery) -> Iterator[str]:
    """Say what breaks the type's schema, whether or not the consumer looks at it."""
    with suppress(UnknownTopic, UnknownEventType):  # another program's: it has no schema here
        event_type = checked_type(item.subscription.topic, item.subscription.type)
        if item.record.value is None or event_type.schema is None:
            return
        try:
            errors = document_errors(event_type, item.event.data)
            for error in islice(errors, _SHOWN_ERRORS):
                yield f"it breaks the schema: {error.pointer} {error.detail}"
        except InvalidEvent as error:
            yield str(error)
