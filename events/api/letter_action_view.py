"""What is done to dead letters over HTTP: redriven, edited and redriven, discarded."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.letter_view import readable_letter
from events.api.openapi.letter_actions import (
    DISCARD,
    DISCARD_FILTERED,
    REDRIVE,
    REDRIVE_FILTERED,
)
from events.api.operating.asked import Asked, Deed, Document, lacking_right, operated
from events.api.operating.edited_message import edited_headers, edited_value, is_edit
from events.api.operating.letter_filter import (
    filter_members,
    lacking_reach,
    selection_of,
)
from events.api.operating.letter_results import (
    discarded_record,
    edit_record,
    edited_record,
    one_discarded,
    one_redriven,
    redriven_record,
    refused_unless_open,
)
from events.api.publishing.forms import ENVELOPE_BYTES
from events.api.reveals import reveal_to
from events.conf import waybill
from events.grants import Right
from events.operating.discarding import Discarding
from events.operating.editing import EditedRedrive
from events.operating.letter_selection import EVERY, LetterSelection
from events.operating.operator import Operator
from events.operating.redriving import Redriving

_PREVIEWED = "asked for by the preview of an edit"


class RedriveView(ApiView):
    """POST /api/v1/dead-letters/{id}/redrive"""

    throttle_scope = "operate"

    @REDRIVE
    def post(self, request: Request, letter_id: UUID) -> HttpResponse:
        """Hand the letter back to its group, edited or as it is: 202."""
        topic = readable_letter(letter_id, user=request.user).topic
        edits: list[Document] = []

        def lacking(said: Document) -> str:
            why = lacking_right(request.user, [topic])
            if not why and is_edit(said):  # one mends what one can see
                edits.append(said)
                why = lacking_right(request.user, [topic], right=Right.VALUES)
            return why

        def act(asked: Asked) -> Response:
            return _redriven(asked, letter_id=letter_id)

        deed = Deed(action="redrive", target_type="dead_letter", target_id=letter_id)
        # A value in base64 is a third longer.
        limit = waybill().limits.event_bytes * 4 // 3 + ENVELOPE_BYTES
        answer = operated(request, deed=deed, lacking=lacking, act=act, limit=limit)
        if edits and answer.status_code == HTTPStatus.OK:
            # An edit's preview shows what the letter says: now, or kept from an earlier request.
            reason = str(edits[0].get("reason") or _PREVIEWED)
            reveal_to(request, "dead_letter", [letter_id], reason=reason)
        return answer


class RedriveFilteredView(ApiView):
    """POST /api/v1/dead-letters/redrive"""

    throttle_scope = "operate"

    @REDRIVE_FILTERED
    def post(self, request: Request) -> HttpResponse:
        """Hand open letters back to their groups, by what they have in common: 202."""

        def act(asked: Asked) -> Response:
            selection, by, is_dry_run = _selected(asked, user=request.user)
            redriving = Redriving(selection)
            done = redriving.preview() if is_dry_run else redriving.carry_out(by=by)
            record = redriven_record(done, limit=selection.limit, is_dry_run=is_dry_run)
            return Response(record) if is_dry_run else _accepted(record)

        return _operated_by_filter(request, action="redrive", act=act)


class DiscardView(ApiView):
    """POST /api/v1/dead-letters/{id}/discard"""

    throttle_scope = "operate"

    @DISCARD
    def post(self, request: Request, letter_id: UUID) -> HttpResponse:
        """Say no to the letter, for good: 200."""
        topic = readable_letter(letter_id, user=request.user).topic

        def act(asked: Asked) -> Response:
            is_dry_run = asked.members.flag("dry_run")
            by = asked.operator(is_dry_run=is_dry_run)
            discarding = Discarding(LetterSelection(ids=(letter_id,)))
            done = discarding.preview() if is_dry_run else discarding.carry_out(by=by)
            return Response(one_discarded(done, letter_id=letter_id, is_dry_run=is_dry_run))

        deed = Deed(action="discard", target_type="dead_letter", target_id=letter_id)
        return operated(
            request, deed=deed, lacking=lambda _: lacking_right(request.user, [topic]), act=act
        )


class DiscardFilteredView(ApiView):
    """POST /api/v1/dead-letters/discard"""

    throttle_scope = "operate"

    @DISCARD_FILTERED
    def post(self, request: Request) -> HttpResponse:
        """Say no to letters, by what they have in common: 200."""

        def act(asked: Asked) -> Response:
            selection, by, is_dry_run = _selected(asked, user=request.user)
            discarding = Discarding(selection)
            done = discarding.preview() if is_dry_run else discarding.carry_out(by=by)
            return Response(discarded_record(done, limit=selection.limit, is_dry_run=is_dry_run))

        return _operated_by_filter(request, action="discard", act=act)


def _redriven(asked: Asked, *, letter_id: UUID) -> Response:
    value, headers = edited_value(asked), edited_headers(asked.members)
    is_dry_run = asked.members.flag("dry_run")
    by = asked.operator(is_dry_run=is_dry_run)
    if is_edit(asked.document):
        editing = EditedRedrive(letter_id, value=value, headers=headers)
        with refused_unless_open(letter_id):
            if is_dry_run:
                return Response(edit_record(editing.preview()))
            return _accepted(edited_record(letter_id, child=editing.carry_out(by=by)))
    redriving = Redriving(LetterSelection(ids=(letter_id,)))
    if is_dry_run:
        return Response(one_redriven(redriving.preview(), letter_id=letter_id, is_dry_run=True))
    return _accepted(
        one_redriven(redriving.carry_out(by=by), letter_id=letter_id, is_dry_run=False)
    )


def _accepted(record: Mapping[str, Any]) -> Response:
    return Response(record, status=HTTPStatus.ACCEPTED)


def _selected(asked: Asked, *, user: Any) -> tuple[LetterSelection, Operator, bool]:
    given = filter_members(asked.members)
    is_dry_run = asked.members.flag("dry_run")
    by = asked.operator(is_dry_run=is_dry_run)
    return selection_of(given, user=user), by, is_dry_run


def _operated_by_filter(
    request: Request, *, action: str, act: Callable[[Asked], Response]
) -> HttpResponse:
    return operated(
        request,
        deed=Deed(action=action, target_type="dead_letter", target_id=EVERY),
        lacking=lambda said: lacking_reach(said, user=request.user),
        act=act,
    )
