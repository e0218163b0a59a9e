"""The report of a replay in words: what it did, what it found missing, and what to do next."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from events.auditing.replay_progress import progress_of
from events.management.replay_words import COUNTED, asked_for, number
from events.models import Replay
from events.replaying.counters import (
    DEAD_LETTERED,
    FAILED,
    IN_WORK,
    QUARANTINED,
    UNDECODABLE,
    UNKNOWN,
)

SHOWN_EVENTS = 5  # of a gap, unless all are wanted
State = Replay.State


def report(replay: Replay, *, with_all_events: bool = False) -> Iterator[str]:
    """Yield the lines of the report, as far as the replay is."""
    yield f"Replay {replay.pk} of {replay.group} {_standing(replay)}."
    yield f"  {asked_for(replay)}; asked for by {replay.by}: {replay.reason}"
    counted = {name: count for name in COUNTED if (count := replay.counters.get(name, 0))}
    width = max((len(number(count)) for count in counted.values()), default=0)
    for name, count in counted.items():
        yield f"  {number(count):>{width}}  {COUNTED[name]}"
    if not counted:
        yield "  No message was passed."
    for gap in replay.report.get("gaps", []):
        yield f"  {_gap(gap, with_all_events=with_all_events)}"
    if replay.report.get("gaps_cut"):
        yield "  … and more gaps, which are counted and not named"
    if note := replay.report.get("note"):
        yield f"  {note}"
    yield from _next_steps(replay)


def _standing(replay: Replay) -> str:
    if replay.state == State.DONE and replay.started_at and replay.finished_at:
        took_s = (replay.finished_at - replay.started_at).total_seconds()
        return f"is done, after {took_s:.1f} s"
    at = f"at {int(progress_of(replay) * 100)} %"
    if replay.state == State.RUNNING:
        if _is_left(replay):
            return f"stands {at}, and no process runs it"
        return f"is running, {at}, on {replay.host}:{replay.pid}"
    return f"is {replay.state}, {at}"


def _is_left(replay: Replay) -> bool:
    """Whether no process holds it, or the one that did is dead."""
    expires_at = replay.lease_expires_at
    return replay.lease_token is None or expires_at is None or expires_at <= timezone.now()


def _gap(gap: dict[str, Any], *, with_all_events: bool) -> str:
    where = f"{gap['topic']}:{gap['partition']} offsets {gap['from']} to {gap['to'] - 1}"
    told = f"{where}: {number(gap['offsets'])} hold no message"
    known = gap["events_count"]
    if not known:
        return f"{told}; nothing is known of them"
    named = gap["events"] if with_all_events else gap["events"][:SHOWN_EVENTS]
    more = f" and {number(known - len(named))} more" if known > len(named) else ""
    return f"{told}; {number(known)} of our events were there: {', '.join(named)}{more}"


def _next_steps(replay: Replay) -> Iterator[str]:
    counted = replay.counters
    if any(counted.get(name) for name in (FAILED, DEAD_LETTERED, UNDECODABLE)):
        yield (
            f"Look at the dead letters: manage.py deadletters --group {replay.group}; when the "
            f'cause is mended: manage.py redrive --group {replay.group} --reason "…"'
        )
    if counted.get(UNKNOWN):
        yield "Say what became of the unknown ones: manage.py resolve ID --as done, or resend"
    if counted.get(QUARANTINED):
        yield f"See which keys are closed: manage.py resumegroup {replay.group}"
    if counted.get(IN_WORK):
        yield f"What is in work is done by the consumers of {replay.group}."
    if not replay.from_archive and any(gap["events"] for gap in replay.report.get("gaps", [])):
        yield "Events that Kafka has no longer are replayed with --from-archive"
    yield from _how_to_go_on(replay)


def _how_to_go_on(replay: Replay) -> Iterator[str]:
    match replay.state:
        case State.REQUESTED | State.RUNNING if _is_left(replay):
            yield f"To go on with it: manage.py runreplay --id {replay.pk}"
        case State.PAUSED:
            yield f'It goes on with: manage.py resumereplay {replay.pk} --reason "…"'
        case State.FAILED:
            yield f'To try it again from there: manage.py resumereplay {replay.pk} --reason "…"'
        case _:
            pass
