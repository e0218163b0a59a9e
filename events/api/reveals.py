"""Reveals: that a caller is shown what messages say is in the audit before the answer is sent."""

from collections.abc import Sequence

from rest_framework.request import Request

from events.api.operator import operator_of
from events.operating.revealing import reveal

INCLUDED = "asked for by include=value"


def reveal_to(
    request: Request, target_type: str, target_ids: Sequence[object], *, reason: str = INCLUDED
) -> None:
    """Write that the caller is shown the values of these rows; if it raises, show nothing."""
    reveal(target_type, target_ids, by=operator_of(request, reason=reason))
