"""Letter results: what became of dead letters, or would, as an operator is told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from events.api.letter_record import header_record
from events.api.operating.refused import LETTER_NOT_OPEN, REDRIVE_REFUSED, letter_refused
from events.api.shown_bytes import shown_bytes
from events.errors import EditRefused
from events.event import Headers
from events.models import DeadLetter
from events.operating.discarding import Discarded
from events.operating.edit import Edit
from events.operating.redriving import Redriven

LEFT = 100  # shown of the reasons for which letters were left


def redriven_record(done: Redriven, *, limit: int | None, is_dry_run: bool) -> dict[str, Any]:
    """Return what a filter handed back; `is_cut`: there may be more, ask again."""
    return {
        "dry_run": is_dry_run,
        "count": done.count,
        "released_keys": done.released_keys,
        "by_exception": done.by_exception,
        "groups": list(done.groups),
        "left": list(done.left[:LEFT]),
        "is_cut": done.count + done.released_keys == limit,
    }


def discarded_record(done: Discarded, *, limit: int | None, is_dry_run: bool) -> dict[str, Any]:
    """Return what a filter discarded; `is_cut`: there may be more, ask again."""
    return {
        "dry_run": is_dry_run,
        "count": done.count,
        "closed_keys": done.closed_keys,
        "by_exception": done.by_exception,
        "left": list(done.left[:LEFT]),
        "is_cut": done.count == limit,
    }


def one_redriven(done: Redriven, *, letter_id: UUID, is_dry_run: bool) -> dict[str, Any]:
    """Return what became of one letter; raises Problem 409 if it was left."""
    _refuse_if_left(done.left, letter_id=letter_id)
    return {
        "dry_run": is_dry_run,
        "id": letter_id,
        "redrives": letter_id,
        "released_key": bool(done.released_keys),
        "links": {"self": f"/api/v1/dead-letters/{letter_id}"},
    }


def edited_record(letter_id: UUID, *, child: UUID) -> dict[str, Any]:
    """Return which letter goes back in place of the one that was edited."""
    return {
        "dry_run": False,
        "id": letter_id,
        "redrives": child,
        # Else the child would be on its way itself, and not first of what the key holds.
        "released_key": _state(child) == DeadLetter.State.HELD,
        "links": {"self": f"/api/v1/dead-letters/{child}"},
    }


def one_discarded(done: Discarded, *, letter_id: UUID, is_dry_run: bool) -> dict[str, Any]:
    """Return what became of one letter; raises Problem 409 if it was left."""
    _refuse_if_left(done.left, letter_id=letter_id)
    return {
        "dry_run": is_dry_run,
        "id": letter_id,
        "leaves_key_closed": bool(done.closed_keys),
        "links": {"self": f"/api/v1/dead-letters/{letter_id}"},
    }


def edit_record(edit: Edit) -> dict[str, Any]:
    """Return what an edit would change, and its problems, for which it would be refused."""
    return {
        "dry_run": True,
        "id": edit.letter_id,
        "dedupe_key": edit.dedupe_key,
        "before": _message(edit.before_value, edit.before_headers),
        "after": _message(edit.after_value, edit.after_headers),
        "problems": list(edit.problems),
    }


def _message(value: bytes | None, headers: Headers) -> dict[str, Any]:
    return {
        "headers": [header_record(name, content) for name, content in headers],
        **shown_bytes("value", value),
    }


@contextmanager
def refused_unless_open(letter_id: UUID) -> Iterator[None]:
    """Raise Problem 409 in place of EditRefused where the letter, not the edit, is the reason."""
    try:
        yield
    except EditRefused as error:
        if _state(letter_id) == DeadLetter.State.OPEN:
            raise
        raise letter_refused(LETTER_NOT_OPEN, error.problems[0]) from error


def _state(letter_id: UUID) -> str | None:
    return DeadLetter.objects.filter(pk=letter_id).values_list("state", flat=True).first()


def _refuse_if_left(left: Sequence[str], *, letter_id: UUID) -> None:
    if not left:
        return
    kind = REDRIVE_REFUSED if _state(letter_id) == DeadLetter.State.OPEN else LETTER_NOT_OPEN
    raise letter_refused(kind, left[0])
