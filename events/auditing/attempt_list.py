"""The list of attempts: what handlers failed with, and what was skipped, newest first."""

from collections.abc import Sequence

from events.auditing.lanes import EXAMINED, Lanes, Places, equals, given, places


def attempt_places(
    *,
    topics: Sequence[str] | None,
    group: str | None,
    result: str | None,
    limit: int,
    examined: int = EXAMINED,
) -> Places:
    """Return the ids of the newest attempts; `topics`: None for all."""
    lanes = Lanes(
        table="events_attempt",
        order=("id",),
        lane="TRUE" if topics is None else equals("r.topic"),
        within=() if topics is None else ("topic",),
        lanes=[""] if topics is None else topics,
        filters=given((group, 'f."group" = %(group)s'), (result, "f.result = %(result)s")),
        parameters={"group": group, "result": result},
    )
    return places(lanes, after=None, limit=limit, examined=examined)
