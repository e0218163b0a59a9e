"""The event as a handler sees it, and where it lies on Kafka."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from events.errors import EffectPerformed, InvalidEvent

Headers = tuple[tuple[str, bytes | None], ...]

_JSON = msgspec.json.Decoder()


class Position(NamedTuple):
    """Where a message lies: topic, partition, offset."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


def parsed(value: bytes | None) -> Any:
    """Return the value parsed as JSON, None for a tombstone; raises InvalidEvent if it is none."""
    if value is None:
        return None
    try:
        return _JSON.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvent(f"the value is not JSON: {error}") from error


@dataclass(kw_only=True, slots=True)
class Effect:
    """One external effect while its message is in work; made by the inbox.

    `begin(reference, payload, is_repeatable)` commits that it is about to happen. `is_done`
    survives a second run of the handler in the same process, when only the mark in the database
    failed. An effect that `is_repeatable` has no second effect when it is performed again with the
    same reference: nobody has to know whether it happened.
    """

    begin: Callable[[str, bytes | None, bool], None]
    earlier_payload: bytes | None = None
    has_begun: bool = False
    is_repeatable: bool = False
    is_done: bool = False


class ReceivedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event on the wire, decoded; a value, nothing in it can be set.

    `id` and `source` are the CloudEvents attributes (unique together); `event_id` is Waybill's
    own id where Waybill published the event. `value` is the exact bytes on Kafka, None for a
    tombstone.
    `attempt` counts from 1. `replay` is the id of the forced replay this run belongs to.
    """

    id: str
    source: str
    type: str
    topic: str
    key: bytes | None
    value: bytes | None
    position: Position
    subject: str = ""
    content_type: str = ""
    headers: Headers = ()
    traceparent: str = ""
    occurred_at: datetime | None = None
    event_id: UUID | None = None
    attempt: int = 1
    replay: UUID | None = None
    effect: Effect | None = None
    parsed: Any = msgspec.UNSET  # what `data` returns, once it was asked for

    def __repr__(self) -> str:
        # No payload: an event may end up in a log.
        return f"<ReceivedEvent {self.type} {self.source}/{self.id} at {self.position}>"

    @property
    def data(self) -> Any:
        """Return the value parsed as JSON; raises InvalidEvent if it is none."""
        if self.parsed is msgspec.UNSET:
            msgspec.structs.force_setattr(self, "parsed", parsed(self.value))
        return self.parsed

    @property
    def is_tombstone(self) -> bool:
        """Whether the event says only that its key is gone."""
        return self.value is None

    @property
    def earlier_payload(self) -> bytes | None:
        """Return the bytes an earlier attempt kept by `begin_effect`, if one began."""
        return self.effect.earlier_payload if self.effect else None

    def begin_effect(
        self, *, reference: str = "", payload: bytes | None = None, repeatable: bool = False
    ) -> bytes | None:
        """Commit, before an external effect is performed, that it is about to happen.

        `reference` (a Message-ID, say) and `payload` are what a resend needs; the bytes returned
        are the ones to send: those an earlier attempt kept, else `payload`. With `repeatable` the
        service promises that the same reference twice is one effect: an attempt that ends in
        between, however it ends, has failed and is followed by another one; its outcome is unknown
        only if its last attempt raises EffectUnknown.
        Raises EffectLost if the claim is no longer ours, and EffectPerformed if the effect
        happened and only its mark failed: in both cases it must not be performed.
        """
        effect = self._effect()
        if effect.is_done:
            raise EffectPerformed("the effect happened already, only its mark failed")
        to_send = payload if effect.earlier_payload is None else effect.earlier_payload
        effect.begin(reference, to_send, repeatable)
        effect.earlier_payload = to_send
        effect.has_begun = True
        effect.is_repeatable = repeatable
        return to_send

    def perform(
        self,
        action: Callable[[bytes | None], object],
        *,
        reference: str = "",
        payload: bytes | None = None,
        repeatable: bool = False,
    ) -> None:
        """Begin the effect, then call `action` with the bytes to send, once.

        If the handler runs again because only the mark in the database failed, the action is not
        repeated. The options are those of `begin_effect`. Raises EffectLost as it does, and
        whatever `action` raises.
        """
        effect = self._effect()
        if not effect.is_done:
            to_send = self.begin_effect(
                reference=reference, payload=payload, repeatable=repeatable
            )
            action(to_send)
            effect.is_done = True

    def _effect(self) -> Effect:
        if self.effect is None:
            raise TypeError('this needs a subscription with effect="external"')
        return self.effect
