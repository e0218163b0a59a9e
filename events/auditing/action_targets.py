"""Action targets: the rows an event's story is made of, and what people did to any of them."""

from collections.abc import Sequence

from django.db.models import Case, IntegerField, Q, Value, When

from events.auditing.handling import LIMIT, Handling
from events.auditing.timeline import REVEAL
from events.models import OperatorAction

Targets = Sequence[tuple[str, Sequence[object]]]  # a type in the words of the audit, and ids


def targets_of(handling: Handling) -> Targets:
    """Return the type and the ids of what people may have done something to."""
    return [
        ("dead_letter", [row.pk for row in handling.dead_letters]),
        ("consumption", [row.pk for row in handling.consumptions]),
        ("replay", [row.pk for row in handling.replays]),
    ]


def actions_on(targets: Targets) -> tuple[OperatorAction, ...]:
    """Return the actions on these rows, in their order, LIMIT at most: one query.

    Where there are more, the newest are taken, and first those that are more than a look.
    """
    wanted = Q(pk__in=[])
    for target_type, ids in targets:
        if names := [str(each) for each in ids]:
            wanted |= Q(target_type=target_type, target_id__in=names)
    is_look = Case(
        When(action=REVEAL, then=Value(1)), default=Value(0), output_field=IntegerField()
    )
    found = OperatorAction.objects.filter(wanted).order_by(is_look, "-at", "-id")[:LIMIT]
    return tuple(sorted(found, key=lambda action: (action.at, action.pk)))
