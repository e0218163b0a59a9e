"""The time line: all rows about one event told as one story, in the order it happened."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from events.auditing.entries import Entry, Kind, Target, facts, replay_fact, seconds
from events.models import (
    Attempt,
    Consumption,
    Event,
    OperatorAction,
    OutboxEntry,
    Publication,
    Replay,
)

Key = tuple[str, str, UUID]  # group, dedupe key, generation
REVEAL = "reveal"  # the action of who looks at what a message says


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Sort by time; at one moment what comes first in the flow comes first."""
    return tuple(sorted(entries, key=lambda entry: (entry.at, entry.kind.rank)))


def of_event(event: Event) -> Iterator[Entry]:
    """Tell who published the event and when it was accepted."""
    yield Entry(
        at=event.accepted_at,
        kind=Kind.ACCEPTED,
        summary=f"Accepted by {event.published_by}" if event.published_by else "Accepted",
        details=facts(
            ("request", event.request_id),
            ("idempotency key", event.idempotency_key),
            ("occurred", event.occurred_at if event.occurred_at != event.accepted_at else None),
        ),
    )


def of_outbox(entries: Iterable[OutboxEntry]) -> Iterator[Entry]:
    """Tell what still waits for Kafka, and what can never be written."""
    for entry in entries:
        parked = entry.parked_at is not None
        again = "" if entry.cause == OutboxEntry.Cause.FIRST else ", to be published again"
        yield Entry(
            at=entry.parked_at or entry.created_at,
            kind=Kind.PARKED if parked else Kind.WAITING,
            summary=(
                "Parked: it can never be written to Kafka"
                if parked
                else f"Waits in the outbox{again}"
            ),
            details=facts(
                ("outbox entry", entry.sequence),
                ("attempts", entry.attempts or None),
                ("last error", entry.last_error),
                ("next attempt", None if parked else entry.retry_at),
                ("not before", None if parked else entry.publish_after),
                ("by", entry.by),
            ),
            target=Target("outbox_entry", str(entry.sequence)),
        )


def of_publications(publications: Iterable[Publication]) -> Iterator[Entry]:
    """Tell where on Kafka the event lies."""
    for publication in publications:
        again = "" if publication.cause == OutboxEntry.Cause.FIRST else " again"
        yield Entry(
            at=publication.published_at,
            kind=Kind.PUBLISHED,
            summary=f"Published{again} at {publication}",
            details=facts(("by", publication.by)),
            target=Target("publication", str(publication.pk)),
        )


def of_attempts(
    attempts: Iterable[Attempt], *, originals: Mapping[Key, Consumption]
) -> Iterator[Entry]:
    """Tell each try that is no success: a success is told by the ledger row it ended."""
    for attempt in attempts:
        if attempt.result == Attempt.Result.SUCCEEDED:
            continue
        original = originals.get((attempt.group, attempt.dedupe_key, attempt.generation))
        skipped = attempt.result != Attempt.Result.FAILED
        yield Entry(
            at=attempt.started_at + timedelta(seconds=attempt.duration_s or 0.0),
            kind=Kind(attempt.result),
            summary=_attempt_summary(attempt),
            group=attempt.group,
            details=facts(
                ("worker", _worker(attempt)),
                ("took", seconds(attempt.duration_s)),
                ("dedupe key", attempt.dedupe_key if skipped else ""),
                replay_fact(generation=attempt.generation),
                ("error", attempt.error),
                ("done by event", str(original.event_id or original.ce_id) if original else ""),
            ),
            target=Target("attempt", str(attempt.pk)),
        )


def of_consumption(consumption: Consumption, *, success: Attempt | None) -> Iterator[Entry]:
    """Tell how far one group came with the event."""
    target = Target("consumption", str(consumption.pk))
    replay = replay_fact(generation=consumption.generation, replay=consumption.replay_id)
    if consumption.effect_began_at is not None:
        yield Entry(
            at=consumption.effect_began_at,
            kind=Kind.EFFECT_BEGAN,
            summary="The external effect began",
            group=consumption.group,
            details=facts(("reference", consumption.effect_reference), replay),
            target=target,
        )
    yield Entry(
        at=_stood_at(consumption),
        kind=Kind(consumption.outcome),
        summary=_OUTCOMES[consumption.outcome],
        group=consumption.group,
        details=facts(
            ("handler", consumption.handler),
            ("worker", _worker(consumption)),
            ("took", seconds(success.duration_s) if success else None),
            ("attempts", consumption.attempts),
            ("dedupe key", consumption.dedupe_key),
            ("times unknown", consumption.unknown_count or None),
            ("lease until", _lease(consumption)),
            replay,
            ("error", consumption.error),
        ),
        target=target,
    )


def of_replay(replay: Replay, *, began_at: datetime) -> Entry:
    """Tell, where it came to this message, that a replay ran it, and why."""
    return Entry(
        at=began_at,
        kind=Kind.REPLAYED,
        summary=f"Replayed by {replay.by}: {replay.mode}",
        group=replay.group,
        details=facts(
            ("replay", str(replay.pk)),
            ("state", replay.state),
            ("finished", replay.finished_at),
            ("reason", replay.reason),
        ),
        target=Target("replay", str(replay.pk)),
    )


def of_actions(actions: Iterable[OperatorAction]) -> Iterator[Entry]:
    """Tell what people did by hand, and what they were refused."""
    for action in actions:
        yield Entry(
            at=action.at,
            kind=Kind.ACTION if action.allowed else Kind.REFUSED,
            summary=_deed(action),
            details=facts(
                ("replay", action.target_id if action.target_type == "replay" else ""),
                ("decided", str(action.details.get("how", ""))),
                ("reason", action.reason),
                ("from", action.origin),
                ("request", action.request_id),
            ),
            target=Target("operator_action", str(action.pk)),
        )


_OUTCOMES: dict[str, str] = {
    Consumption.Outcome.STARTED: "In work",
    Consumption.Outcome.SUCCEEDED: "Handled",
    Consumption.Outcome.RETRYING: "Waits for its next attempt",
    Consumption.Outcome.DEAD_LETTERED: "Given up",
    Consumption.Outcome.QUARANTINED: "Waits: its key is quarantined",
    Consumption.Outcome.UNKNOWN: "Nobody knows whether the effect happened",
}


_SEEN = {
    "dead_letter": "the value of its dead letter",
    "consumption": "the message that is kept",
}


def _attempt_summary(attempt: Attempt) -> str:
    if attempt.result == Attempt.Result.DUPLICATE:
        return "Skipped: another event already did this"
    if attempt.result == Attempt.Result.CONFLICT:
        return "Skipped: its dedupe key is taken by an event that says something else"
    return f"Attempt {attempt.number} failed"


def _deed(action: OperatorAction) -> str:
    if not action.allowed:
        return f"{action.actor}: {action.action} (refused)"
    if action.action == REVEAL:
        return f"{action.actor} saw {_SEEN.get(action.target_type, 'its value')}"
    return f"{action.actor}: {action.action}"


def _stood_at(consumption: Consumption) -> datetime:
    if consumption.outcome == Consumption.Outcome.RETRYING:
        return consumption.next_attempt_at or consumption.first_at
    return consumption.finished_at or consumption.effect_began_at or consumption.first_at


def _worker(row: Attempt | Consumption) -> str:
    return f"{row.host}:{row.pid}" if row.host else ""


def _lease(consumption: Consumption) -> datetime | None:
    started = consumption.outcome == Consumption.Outcome.STARTED
    return consumption.lease_expires_at if started else None
