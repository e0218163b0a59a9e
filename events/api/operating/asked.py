"""Asked: what an operator asks for by a request, read strictly, allowed or refused, done once."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.body import json_object, read_json
from events.api.idempotency import answered_once
from events.api.members import Members
from events.api.operator import operator_of, origin_of
from events.api.problems import Problem
from events.api.request_id import request_id_of
from events.auditing.actions import refuse
from events.errors import NotGranted
from events.grants import Right, grants_of
from events.operating.operator import Operator

BODY_BYTES = 65_536
REASON_CHARACTERS = 1_000
_NO_REASON = "-"  # of a preview, which nobody audits

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """What is to be done to what, in the words of the audit."""

    action: str
    target_type: str
    target_id: object


class Asked:
    """The request's members; `operator` is to be asked for when all others have been taken."""

    def __init__(self, request: Request, body: bytes) -> None:
        self.body = body
        self.document: Document = json_object(body)
        self.members = Members(dict(self.document))
        self._request = request

    def operator(self, *, is_dry_run: bool = False) -> Operator:
        """Return who asks and why; raises Problem 422 if any member is wrong or unknown.

        A preview needs no reason.
        """
        reason = self._reason(is_needed=not is_dry_run)
        self.members.refuse()
        return operator_of(self._request, reason=reason or _NO_REASON)

    def _reason(self, *, is_needed: bool) -> str:
        members = self.members
        reason = members.text("reason") if is_needed else members.optional_text("reason") or ""
        if members.holds_text("reason") and not 1 <= len(reason.strip()) <= REASON_CHARACTERS:
            members.wrong("reason", f"must say why, in 1 to {REASON_CHARACTERS} characters")
        return reason.strip()


def operated(
    request: Request,
    *,
    deed: Deed | Callable[[Document], Deed],
    lacking: Callable[[Document], str],
    act: Callable[[Asked], Response],
    limit: int = BODY_BYTES,
) -> HttpResponse:
    """Return what `act` answers, in a transaction and once if the request has an Idempotency-Key.

    `lacking` is given the body, empty if it is no JSON object, and says which grant the caller
    lacks; so is `deed`, where only the body says what is to be done to what. Then the refusal is
    committed to the audit, and ActionRefused raised; `act` is not called. Raises Problem as
    read_json, answered_once and `act` do.
    """
    body = read_json(request, limit=limit)
    said = _said(body)
    if why := lacking(said):
        refused = deed if isinstance(deed, Deed) else deed(said)
        refuse(
            why,
            actor=request.user.get_username(),
            action=refused.action,
            target_type=refused.target_type,
            target_id=refused.target_id,
            reason=_text(said.get("reason"))[:REASON_CHARACTERS],
            origin=origin_of(request),
            request_id=request_id_of(request),
        )
    return answered_once(request, body=body, act=lambda: act(Asked(request, body)))


def lacking_right(user: Any, topics: Iterable[str], *, right: Right = Right.OPERATE) -> str:
    """Return which grant the user lacks to do this to all of these topics; empty if none.

    What one may not read one cannot operate on; its name is not told.
    """
    grants = grants_of(user)
    for topic in topics:
        if not grants.allows(Right.READ, topic):
            return f"you have no grant to {right} on every topic of the group"
        if not grants.allows(right, topic):
            return str(NotGranted(right=right, topic=topic))
    return ""


def _said(body: bytes) -> Document:
    with suppress(Problem):  # told by `act`, in its turn
        return json_object(body)
    return {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
