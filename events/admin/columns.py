"""What cells of lists and pages are made of; everything is escaped."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from events.models import DeadLetter

Column = TypeVar("Column", bound=Callable[..., Any])

NOTHING = "-"
LONGEST = 80

# Which colour says what, on every page.
TONES = {
    "accepted": "info",
    "published": "success",
    "parked": "danger",
    "started": "info",
    "succeeded": "success",
    "retrying": "warning",
    "dead_lettered": "danger",
    "quarantined": "warning",
    "unknown": "warning",
    "failed": "danger",
    "duplicate": "quiet",
    "conflict": "warning",
    "open": "danger",
    "held": "warning",
    "redriving": "info",
    "redriven": "success",
    "discarded": "quiet",
    "waiting": "warning",
    "alive": "success",
    "silent": "danger",
    "allowed": "success",
    "refused": "danger",
    "paused": "warning",
    "in force": "warning",
    "resumed": "quiet",
    "ended": "quiet",
    "released": "info",
    "requested": "info",
    "done": "success",
    "superseded": "quiet",
    "retention": "danger",
    "truncated": "danger",
    "recreated": "danger",
    "added": "info",
    "running": "info",
    "stopped": "quiet",
    "missing": "quiet",
    "force": "warning",
}


def column(title: str, *, header: bool = False) -> Callable[[Column], Column]:
    """Give a method of a model admin its title.

    A `header` column returns two texts, shown one over the other.
    """
    decorate = display(description=title, header=header or None)
    return cast("Callable[[Column], Column]", decorate)


def moment(at: datetime | None) -> SafeString | str:
    """Return a time in UTC; in the browser it turns into the viewer's zone, UTC on hover."""
    if at is None:
        return NOTHING
    utc = at.astimezone(UTC)
    return format_html(
        '<time class="wb-moment" datetime="{}" title="{}">{}</time>',
        utc.isoformat(),
        f"{utc:%Y-%m-%d %H:%M:%S}.{utc.microsecond:06d} UTC",
        f"{utc:%d %b %H:%M:%S}",
    )


def label(word: str) -> SafeString:
    """Return a state, outcome or result in its colour."""
    tone = TONES.get(word, "quiet")
    return format_html('<span class="wb-label wb-{}">{}</span>', tone, word.replace("_", " "))


def short(text: str | None, *, longest: int = LONGEST) -> SafeString | str:
    """Return the beginning of the text's first line, the whole on hover."""
    if not text:
        return NOTHING
    first = text.strip().partition("\n")[0]
    if first == text and len(first) <= longest:
        return text
    return format_html('<span title="{}">{}…</span>', text[:1000], first[:longest])


def code(text: object) -> SafeString | str:
    """Return an identifier in fixed width."""
    return (
        format_html('<code class="wb-code">{}</code>', text) if text not in (None, "") else NOTHING
    )


def key(value: bytes) -> SafeString | str:
    """Return a message's key: as text, or where it is none its bytes in hex."""
    try:
        return code(value.decode())
    except UnicodeDecodeError:
        return code(f"0x{value.hex()}")


def identifier(value: object) -> SafeString:
    """Return an id that stays on one line."""
    return format_html('<span class="wb-id">{}</span>', value)


def block(text: str) -> SafeString | str:
    """Return text of many lines as it is."""
    return format_html('<pre class="wb-block" tabindex="0">{}</pre>', text) if text else NOTHING


def event_link(event_id: UUID | None) -> SafeString | str:
    """Return a link to the waybill."""
    if event_id is None:
        return "not published here"
    address = reverse("admin:events_event_change", args=[event_id])
    return format_html(
        '<a class="wb-link wb-id" href="{}" title="{}">{}</a>',
        address,
        event_id,
        f"…{str(event_id)[-12:]}",
    )


def replay_link(replay_id: object) -> SafeString:
    """Return a link to a replay."""
    return format_html(
        '<a class="wb-link wb-id" href="{}" title="{}">{}</a>',
        reverse("admin:events_replay_change", args=[replay_id]),
        replay_id,
        f"…{str(replay_id)[-12:]}",
    )


def run(replay_id: UUID | None) -> SafeString | str:
    """Say whether ordinary consuming did it, or which replay."""
    return "live" if replay_id is None else format_html("replay {}", replay_link(replay_id))


def letter_link(letter: DeadLetter) -> SafeString:
    """Return a link to a dead letter, with its state."""
    return format_html(
        "{} {} {}", letter_id_link(letter.pk), label(letter.state), moment(letter.created_at)
    )


def letter_id_link(letter_id: object) -> SafeString:
    """Return a link to the dead letter of this id."""
    return format_html(
        '<a class="wb-link wb-id" href="{}" title="{}">{}</a>',
        reverse("admin:events_deadletter_change", args=[letter_id]),
        letter_id,
        f"…{str(letter_id)[-12:]}",
    )
