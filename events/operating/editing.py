"""Edit and redrive: a dead letter's message, mended by a person, takes the letter's place."""

from enum import Enum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from events.consuming.delivery import Delivery
from events.consuming.letter_record import headers_of, stored_headers
from events.errors import EditRefused
from events.event import Headers
from events.models import DeadLetter
from events.operating.edit import Edit, Examined, examined
from events.operating.key_release import closed_by, release
from events.operating.letter_verdicts import candidate_of, not_open
from events.operating.operator import Operator

ACTION = "edit_and_redrive"
State = DeadLetter.State
_COPIED = (
    *("group", "topic", "partition", "offset", "key", "recorded_at"),
    *("exception", "error", "traceback", "generation", "replay_id"),
)


class Unchanged(Enum):
    """Says that a part of the message stays as it is; None is a value: a tombstone."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


class EditedRedrive:
    """One open letter, its value or headers edited, back to its group.

    The edited message is a letter of its own, behind the original, at the same position; it is
    on its way, and the original is done with. Key and position cannot be edited: they say where
    the message belongs. If the original closed its key, the key is released and the child runs
    first.
    """

    def __init__(
        self,
        letter_id: UUID,
        *,
        value: bytes | Unchanged | None = UNCHANGED,
        headers: Headers | Unchanged = UNCHANGED,
    ) -> None:
        self._letter_id = letter_id
        self._value = value
        self._headers = headers

    def preview(self) -> Edit:
        """Return what the edit changes, and its problems, which `carry_out` refuses.

        Raises EditRefused if there is no such letter or it is not open.
        """
        return self._examined(DeadLetter.objects.filter(pk=self._letter_id).first()).edit

    def carry_out(self, *, by: Operator) -> UUID:
        """Hand the edited message to the group and return the id of the child letter.

        In one transaction with its operator action. Raises EditRefused, nothing done, if the
        letter is not open or the message could not be handled: it cannot be decoded, breaks its
        type's schema, is too large, no handler takes it, or its dedupe key is another one.
        """
        with transaction.atomic():
            keys = closed_by([self._letter_id])
            rows = DeadLetter.objects.select_for_update().filter(pk=self._letter_id)
            letter = rows.first()
            edit, item = self._examined(letter)
            if edit.problems or letter is None or not isinstance(item, Delivery):
                raise EditRefused(edit.problems)
            key = keys.get(letter.pk)
            child = _child(letter, edit, item, state=State.HELD if key else State.REDRIVING, by=by)
            child.save(force_insert=True)
            rows.update(
                state=State.REDRIVEN,
                result=f"edited: see {child.pk}",
                reason=by.reason,
                changed_at=Now(),
            )
            if key:
                key.head = child
                key.save(update_fields=["head"])
                release([key], reason=by.reason)
            details = _told(edit, child)
            by.record(ACTION, target_type="dead_letter", target_id=letter.pk, details=details)
        return child.pk

    def _examined(self, letter: DeadLetter | None) -> Examined:
        if letter is None:
            raise EditRefused([f"there is no letter {self._letter_id}"])
        if letter.state != State.OPEN:
            raise EditRefused([not_open(candidate_of(letter))])
        value = letter.value if self._value is UNCHANGED else self._value
        headers = self._headers
        return examined(
            letter,
            value=None if value is None else bytes(value),
            headers=headers_of(letter.headers) if headers is UNCHANGED else headers,
        )


def _child(
    letter: DeadLetter, edit: Edit, item: Delivery, *, state: str, by: Operator
) -> DeadLetter:
    event = item.event
    return DeadLetter(
        **{name: getattr(letter, name) for name in _COPIED},
        parent=_last_in_place(letter),
        value=edit.after_value,
        headers=stored_headers(edit.after_headers),
        event_id=event.event_id,
        source=event.source,
        ce_id=event.id,
        type=event.type,
        dedupe_key=edit.dedupe_key,
        handler=item.handler_name,
        attempts=0,
        state=state,
        created_at=Now(),
        changed_at=Now(),
        reason=by.reason,
    )


def _last_in_place(letter: DeadLetter) -> DeadLetter:
    """Return the letter, or the last one behind it: a forced replay's may stand there."""
    while (behind := letter.children.first()) is not None:
        letter = behind
    return letter


def _told(edit: Edit, child: DeadLetter) -> dict[str, Any]:
    """Return the action's details: no payload, but what proves which bytes they were."""
    before, after = dict(edit.before_headers), dict(edit.after_headers)
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return {
        "child": str(child.pk),
        "before_sha256": _sha256(edit.before_value),
        "after_sha256": _sha256(edit.after_value),
        "changed_headers": names,
    }


def _sha256(value: bytes | None) -> str | None:
    return None if value is None else sha256(value).hexdigest()
