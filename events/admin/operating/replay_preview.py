"""What a replay would do, in words and by partition, before anybody says that it shall."""

from collections.abc import Iterator, Mapping

from events.admin import columns
from events.admin.operating.operation import REPLAY
from events.admin.operating.plan import Cell, Plan, told
from events.replaying.preview import Preview, PreviewRow
from events.replaying.request import ReplayRequest

_HEADER = (
    *("Partition", "From", "To", "Messages", "Removed", "Stored"),
    *("Done already", "Left", "Would run"),
)
_LEFT = {
    "dead_lettered": "dead letters",
    "unknown": "with unknown outcome",
    "quarantined": "of closed keys",
    "in_work": "in work",
}
_WORKER = (
    "A worker (manage.py runreplay --serve) takes it up. The group's own consumers are not "
    "disturbed; it can be paused, resumed and stopped at any time."
)


def plan(request: ReplayRequest, found: Preview, *, back: str) -> Plan:
    """Return the plan; with a problem if there is nothing to read."""
    is_empty = not (found.messages or found.removed)
    return Plan(
        operation=REPLAY,
        back=back,
        doing=() if is_empty else tuple(_doing(request, found)),
        problems=(_nothing(request, found),) if is_empty else (),
        header=_HEADER,
        rows=[_row(row) for row in found.rows],
    )


def totals(found: Preview) -> tuple[str, ...]:
    """Return the last line of the table: all partitions together."""
    return (
        *("All", "", ""),
        f"{found.messages:,}",
        f"{found.removed:,}",
        _told(found.archived),
        _told(found.done),
        _told(None if found.left is None else sum(found.left.values())),
        _told(found.would_run),
    )


def _nothing(request: ReplayRequest, found: Preview) -> str:
    if found.beyond:
        return (
            f"There is nothing to replay: {request.group} has yet to come to "
            f"{told(found.beyond, 'offset')} of that by itself."
        )
    return "There is nothing to replay: no message lies there."


def _doing(request: ReplayRequest, found: Preview) -> Iterator[str]:
    yield _running(request, found)
    yield from _passing(found)
    yield from _removed(request, found)
    if found.beyond:
        yield (
            f"Left to {request.group} itself, which has yet to come to it: "
            f"{told(found.beyond, 'offset')} behind that."
        )
    if found.note:
        yield found.note
    yield _WORKER


def _running(request: ReplayRequest, found: Preview) -> str:
    most = found.messages if found.would_run is None else found.would_run
    if request.mode == "force":
        return (
            f"At most {told(most, 'message')} run again in {request.group}, done or not. What "
            "handlers do outside the database (mails, calls) happens again."
        )
    if not most:
        return f"No message would run in {request.group}: all are done already, or left."
    return (
        f"At most {told(most, 'message')} run in {request.group}: those of which its ledger has "
        "no row."
    )


def _passing(found: Preview) -> Iterator[str]:
    if found.mode == "force":
        return
    if found.done:
        yield f"Done already, and passed over: {told(found.done, 'message')}."
    if named := _named(found.left or {}):
        yield f"Left as they are, for people or for the group's consumers: {named}."


def _removed(request: ReplayRequest, found: Preview) -> Iterator[str]:
    if not found.removed:
        return
    gone = f"Kafka no longer has {told(found.removed, 'offset')} of that"
    stored = f" ({told(found.archived, 'event')})" if found.archived else ""
    if request.from_archive:
        yield f"{gone}: what is stored of them runs from there{stored}."
    else:
        yield f"{gone}: left out, and named in its report."
        if stored:
            yield f"What is stored of them{stored} can be taken from there: change it."


def _row(row: PreviewRow) -> tuple[Cell, ...]:
    return (
        f"{row.topic}:{row.partition}",
        f"{row.from_offset:,}",
        f"{row.to_offset:,}",
        f"{row.messages:,}",
        f"{row.removed:,}",
        _told(row.archived),
        _told(row.done),
        columns.NOTHING if row.left is None else _named(row.left) or "0",
        _told(row.would_run),
    )


def _told(count: int | None) -> str:
    return columns.NOTHING if count is None else f"{count:,}"


def _named(left: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {_LEFT.get(why, why)}" for why, count in left.items() if count)
