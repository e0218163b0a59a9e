"""The Idempotency-Key header: the name a caller gives a request, to repeat it without harm."""

import re

from rest_framework.request import Request

from events.api import problem_kinds as kinds
from events.api.problems import Problem

HEADER = "Idempotency-Key"
_META = "HTTP_IDEMPOTENCY_KEY"
CHARACTERS = 255

# A string of RFC 8941; or without its quotation marks, where nothing in it could be mistaken for
# them or for two headers that were joined by a comma.
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE = re.compile(r"[!#-+\--\[\]-~]+")
_ESCAPED = re.compile(r"\\(.)")


def idempotency_key_of(request: Request) -> str:
    """Return the key, empty if the caller gave none; raises Problem 400."""
    given = request.META.get(_META)
    if given is None:
        return ""
    key = _unquoted(given)
    if not 1 <= len(key) <= CHARACTERS:
        detail = (
            f"{HEADER} must be one string of 1 to {CHARACTERS} printable ASCII characters in "
            'quotation marks, such as "8e03978e-40d5-43dd-bc93-6894a57f9324".'
        )
        raise Problem(kinds.BAD_REQUEST, detail)
    return key


def _unquoted(given: str) -> str:
    if quoted := _QUOTED.fullmatch(given):
        return _ESCAPED.sub(r"\1", quoted[1])
    return given if _BARE.fullmatch(given) else ""
