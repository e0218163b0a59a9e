"""Dead letters over HTTP: the list, the open ones by their kind, and one with all about it."""

from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.cursor import cursor_place, cursor_text
from events.api.event_value import wants_value
from events.api.letter_record import (
    kind_record,
    letter_bytes,
    letter_record,
    whole_letter_record,
)
from events.api.openapi.letters import LETTER, LETTER_SUMMARY, LETTERS
from events.api.page_query import page_limit, page_place, readable_topics
from events.api.parameters import Parameters
from events.api.reveals import reveal_to
from events.auditing.dead_letter_list import (
    LetterPage,
    WantedLetters,
    letter_children,
    letter_page,
    letter_summary,
    without_bytes,
)
from events.grants import Right, grants_of, readable
from events.models import DeadLetter

_BYTES = ("key", "value", "headers")


class LettersView(ApiView):
    """GET /api/v1/dead-letters"""

    @LETTERS
    def get(self, request: Request) -> Response:
        """List the dead letters of the topics that the caller may read, newest first.

        A page may hold less than `limit`, even nothing, and yet have a `next`.
        """
        query = _Query(request)
        page = query.page()
        place = page.next
        following = cursor_text((place[0], place[1]), query=query.text) if place else None
        records = [letter_record(letter) for letter in page.letters]
        return Response({"dead_letters": records, "next": following})


class LetterSummaryView(ApiView):
    """GET /api/v1/dead-letters/summary"""

    @LETTER_SUMMARY
    def get(self, request: Request) -> Response:
        """Count the open letters by group, exception and handler, most letters first."""
        parameters = Parameters(request)
        topics = readable_topics(parameters, user=request.user)
        group = parameters.text("group")
        parameters.refuse()
        found = letter_summary(topics=topics, group=group)
        kinds = [kind_record(kind) for kind in found.kinds]
        return Response({"kinds": kinds, "is_exact": found.is_exact})


class LetterView(ApiView):
    """GET /api/v1/dead-letters/{id}"""

    @LETTER
    def get(self, request: Request, letter_id: UUID) -> Response:
        """Return one letter with its traceback and lineage; 404 also where it may not be read."""
        parameters = Parameters(request)
        with_value = wants_value(parameters)
        parameters.refuse()
        letter = readable_letter(letter_id, user=request.user)
        is_shown = with_value and grants_of(request.user).allows(Right.VALUES, letter.topic)
        letter.refresh_from_db(fields=["traceback", *(_BYTES if is_shown else ())])
        record = whole_letter_record(letter, children=letter_children(letter))
        if is_shown:
            reveal_to(request, "dead_letter", [letter.pk])
        if with_value:
            record |= letter_bytes(letter, is_shown=is_shown)
        return Response(record)


def readable_letter(letter_id: UUID, *, user: Any) -> DeadLetter:
    """Return the letter without its bytes; raises Http404, also where the user may not read it."""
    letter = readable(without_bytes().filter(pk=letter_id), user=user).first()
    if letter is None:
        raise Http404
    return letter


class _Query:
    """The query of the list; raises Problem 400 if anything about it is wrong."""

    def __init__(self, request: Request) -> None:
        parameters = Parameters(request)
        self._wanted = _wanted(parameters, user=request.user)
        self._limit = page_limit(parameters)
        self.text = f"{request.user.pk} {self._wanted}"
        self._after = page_place(parameters, query=self.text, place=cursor_place)
        parameters.refuse()

    def page(self) -> LetterPage:
        return letter_page(self._wanted, after=self._after, limit=self._limit)


def _wanted(parameters: Parameters, *, user: Any) -> WantedLetters:
    state = parameters.one_of("state", DeadLetter.State.values)
    return WantedLetters(
        topics=readable_topics(parameters, user=user),
        group=parameters.text("group"),
        exception=parameters.text("exception"),
        handler=parameters.text("handler"),
        type=parameters.text("type"),
        state=DeadLetter.State(state) if state else None,
        created_from=parameters.time("created_from"),
        created_before=parameters.time("created_before"),
    )
