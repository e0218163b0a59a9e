"""Dead letters grouped by what went wrong: many of them are often one thing to mend."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Min, QuerySet

from events.models import DeadLetter

GROUPS = 100
_KIND = ("group", "exception", "handler")
_EXAMPLE = (*_KIND, "created_at", "pk")


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterGroup:
    """Letters of one group, exception and handler; `example` is the newest one, with its error."""

    group: str
    exception: str
    handler: str
    count: int
    oldest: datetime
    newest: datetime
    example: UUID
    error: str


def letter_groups(rows: QuerySet[DeadLetter]) -> tuple[LetterGroup, ...]:
    """Return the letters grouped, the largest group first, at most GROUPS of them."""
    found = list(
        rows.order_by()
        .values(*_KIND)
        .annotate(count=Count("pk"), oldest=Min("created_at"), newest=Max("created_at"))
        .order_by("-count", *_KIND)[:GROUPS]
    )
    # No sort of all: the newest of each kind is found by its time.
    newest = rows.filter(created_at__in={each["newest"] for each in found}).order_by("pk")
    examples = {
        tuple(kind): (pk, error) for *kind, pk, error in newest.values_list(*_EXAMPLE, "error")
    }
    groups = []
    for each in found:
        kind = (*(each[name] for name in _KIND), each["newest"])
        if kind in examples:  # else dealt with in between the two looks
            example, error = examples[kind]
            groups.append(LetterGroup(**each, example=example, error=error))
    return tuple(groups)
