"""What keeps a replay, or became of it, and what to do about it."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.admin.operating.plan import told
from events.models import Replay
from events.replaying import counters

State = Replay.State


class Notice(NamedTuple):
    """A sentence in its tone; `quiet` is a mere hint."""

    tone: str
    icon: str
    text: SafeString | str


def notices(replay: Replay, *, is_held: bool) -> Iterator[Notice]:
    """Say what stands in the way, if anything does; then how it went, once it is over."""
    note = str(replay.report.get("note") or "").rstrip(".")
    match replay.state:
        case State.REQUESTED:
            yield _waiting(replay, is_held=is_held)
        case State.RUNNING if not is_held:
            yield Notice("warning", "sync_problem", _abandoned(replay))
        case State.PAUSED:
            why = f": {note}" if note else ""
            then = "Nothing of it is run until somebody resumes it; it goes on where it is."
            yield Notice("warning", "pause_circle", f"Paused{why}. {then}")
        case State.FAILED:
            then = "Mend the cause, then resume it: it goes on where it is."
            yield Notice("danger", "error", f"Failed: {note or 'see its log'}. {then}")
        case State.STOPPED:
            yield Notice("quiet", "stop_circle", "Stopped for good. What was run stays done.")
    if failed := _failed(replay):
        yield Notice("danger", "markunread_mailbox", _letters(replay, failed))


def _waiting(replay: Replay, *, is_held: bool) -> Notice:
    if is_held:
        return Notice("quiet", "hourglass_top", "The process that has it goes on within a second.")
    text = format_html(
        "Waits for a worker: <code>manage.py runreplay <span>--serve</span></code> takes it "
        "within a second. "
        "Without one: <code>manage.py runreplay <span>--id</span> {}</code>",
        replay.pk,
    )
    return Notice("warning", "hourglass_top", text)


def _abandoned(replay: Replay) -> SafeString:
    return format_html(
        "The process that ran it ({}:{}) has stopped. A worker (<code>manage.py runreplay "
        "<span>--serve</span></code>) or <code>manage.py runreplay <span>--id</span> {}</code> "
        "goes on where it was.",
        replay.host,
        replay.pid,
        replay.pk,
    )


def _failed(replay: Replay) -> int:
    names = (counters.FAILED, counters.UNDECODABLE)
    return sum(int(replay.counters.get(name, 0)) for name in names)


def _letters(replay: Replay, failed: int) -> SafeString:
    page = reverse("admin:events_deadletter_changelist")
    return format_html(
        "{} failed and became dead letters of the group: "
        '<a class="wb-link" href="{}?{}">see those that are open</a>.',
        told(failed, "message"),
        page,
        urlencode({"state": "open", "replay": replay.pk}),
    )
