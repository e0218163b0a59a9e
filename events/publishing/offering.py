"""Offering: events of a caller who may repeat itself; what was stored before is not stored again.

Who publishes from code calls events.publishing.outbox. A caller over a network sends an event a
second time where it got no answer to the first: the same (source, id) is answered with the event
that is there, if it is the same event.
"""

from collections.abc import Iterable, Mapping, Sequence

from django.db import connection
from django.db.models.functions import Length

from events.conf import Limits, waybill
from events.errors import BatchRefused, EventIdReused, PublishRefused
from events.models import Event
from events.publishing.accepted_event import AcceptedEvent
from events.publishing.checking import Checked, checked, refuse_publisher
from events.publishing.new_event import NewEvent, Publisher
from events.publishing.storing import all_or_none, sha256_of, stored
from events.publishing.wakeup import wake_relays_after_commit

Name = tuple[str, str]  # source and CloudEvents id
# What became of an offered event: stored now, found stored before, or refused.
Outcome = AcceptedEvent | Event | PublishRefused

_NAMED = """
SELECT e.id
FROM unnest(%s::text[], %s::text[]) AS t(source, ce_id)
JOIN events_event e ON e.source = t.source AND e.ce_id = t.ce_id
"""


def offer(
    events: Sequence[NewEvent | PublishRefused],
    *,
    by: Publisher,
    atomic: bool,
    tell_repeated: bool,
) -> list[Outcome]:
    """Store events and return what became of each, in order.

    What is refused already stays so and takes its place. An event that was stored before comes
    back as it is in the table, with its state and `value_bytes`, if it has the same topic, key,
    type, content type and value and `tell_repeated` allows it; else it is refused.
    Outside of a transaction all that is stored is committed when this returns. With `atomic` all
    are stored, or BatchRefused is raised and none is.
    """
    refuse_publisher(by)
    outcomes = _checked(events, limits=waybill().limits)
    if atomic:
        _refuse_all_if_any(outcomes)
    good = [each for each in outcomes if isinstance(each, Checked)]
    if not good:
        return [each for each in outcomes if isinstance(each, PublishRefused)]
    with all_or_none(good if atomic else ()):
        settled = iter(_settled(good, by=by, tell_repeated=tell_repeated))
        told = [next(settled) if isinstance(each, Checked) else each for each in outcomes]
        if atomic:
            _refuse_all_if_any(told)
    wake_relays_after_commit()
    return told


def _checked(
    events: Iterable[NewEvent | PublishRefused], *, limits: Limits
) -> list[Checked | PublishRefused]:
    found: list[Checked | PublishRefused] = []
    for event in events:
        try:
            found.append(
                event if isinstance(event, PublishRefused) else checked(event, limits=limits)
            )
        except PublishRefused as refusal:
            found.append(refusal)
    return found


def _refuse_all_if_any(outcomes: Sequence[object]) -> None:
    refusals = {
        index: each for index, each in enumerate(outcomes) if isinstance(each, PublishRefused)
    }
    if refusals:
        raise BatchRefused(refusals)


def _settled(events: Sequence[Checked], *, by: Publisher, tell_repeated: bool) -> list[Outcome]:
    found = stored(events, by=by, default_source=waybill().source)
    taken = [_name(each) for each, event in zip(events, found, strict=True) if event is None]
    earlier = _events_named(taken) if taken and tell_repeated else {}
    return [
        event or _repeated(each, earlier=earlier)
        for each, event in zip(events, found, strict=True)
    ]


def _repeated(wanted: Checked, *, earlier: Mapping[Name, Event]) -> Event | EventIdReused:
    name = _name(wanted)
    event = earlier.get(name)
    if event is not None and _is_same(event, wanted):
        return event
    return EventIdReused([name])


def _is_same(event: Event, wanted: Checked) -> bool:
    new, value = wanted
    if (event.topic, event.key, event.type) != (new.topic, new.key, new.type):
        return False
    sha256 = None if event.value_sha256 is None else bytes(event.value_sha256)
    return event.content_type == new.content_type and sha256 == sha256_of(value)


def _name(checked: Checked) -> Name:
    return checked.event.source or waybill().source, checked.event.id


def _events_named(names: Sequence[Name]) -> dict[Name, Event]:
    sources, ids = zip(*names, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, [list(sources), list(ids)])
        found = [row[0] for row in cursor.fetchall()]
    events = Event.objects.with_state().defer("value").annotate(value_bytes=Length("value"))
    return {(each.source, each.ce_id): each for each in events.filter(pk__in=found)}
