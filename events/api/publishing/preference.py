"""The Prefer header (RFC 7240): how long a caller wants to wait for Kafka."""

import re

from rest_framework.request import Request

_WAIT = re.compile(r'wait\s*=\s*(?:"(\d{1,9})"|(\d{1,9}))\s*(?:;.*)?', re.IGNORECASE | re.ASCII)


def preferred_wait_s(request: Request, *, most_s: int) -> int:
    """Return the seconds of `Prefer: wait=N`, at most `most_s`; 0 if there is no such wish.

    A wish that cannot be read is no wish. Of several the first counts.
    """
    for preference in request.META.get("HTTP_PREFER", "").split(","):
        if wait := _WAIT.fullmatch(preference.strip()):
            return min(int(wait[1] or wait[2]), most_s)
    return 0
