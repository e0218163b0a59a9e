"""Accepting: what a request holds is stored, and its sender told what became of it."""

from collections.abc import Sequence
from functools import cache

from django.core.signals import setting_changed
from django.http import HttpResponse
from rest_framework.request import Request

from events.api.parameters import Parameters
from events.api.problems import Problem, invalid
from events.api.publisher import publisher_of
from events.api.publishing import answers
from events.api.publishing.gate import Gate
from events.api.publishing.parsed import Parsed
from events.api.publishing.preference import preferred_wait_s
from events.api.publishing.refusals import refusal, refusal_of_all
from events.api.publishing.waiting import WaitingRoom
from events.conf import waybill
from events.errors import BatchRefused, FieldError, PublishRefused
from events.grants import Right, grants_of
from events.publishing.backlog import oldest_age_s
from events.publishing.offering import Outcome, offer

ATOMIC = "atomic"
_BOOLEANS = ("true", "false")


def accepted(request: Request, parsed: Parsed, *, topic: str) -> HttpResponse:
    """Store the events and return the answer: 202, or 207 where each of a batch stands alone.

    Raises Problem: 409, 413, 422, and 503 while the backlog is too old.
    """
    is_atomic = _is_atomic(request)
    if not parsed.events:
        raise invalid([FieldError(pointer="", detail="must hold at least one event")])
    _gate().refuse_if_behind(limit_s=waybill().backlog_age_limit_s)
    try:
        outcomes = offer(
            parsed.events,
            by=publisher_of(request),
            atomic=is_atomic or not parsed.is_batch,
            tell_repeated=grants_of(request.user).allows(Right.READ, topic),
        )
    except BatchRefused as error:
        raise _refused(parsed, error) from error
    return _answer(parsed, outcomes, is_atomic=is_atomic)


def published_in_time(request: Request, response: HttpResponse) -> HttpResponse:
    """Return the answer when Kafka has its events, or after as long as the caller wants to wait.

    The answer then says where they lie. It may be one that was kept: whoever asks again may wait
    again.
    """
    wait_s = preferred_wait_s(request, most_s=waybill().limits.wait_s)
    if wait_s and response.status_code in answers.SUCCESSES:
        events = answers.ids_in(response)
        places = _waiting_room().published(events, within_s=wait_s) if events else {}
        answers.add_places(response, places, waited_s=wait_s)
    return response


def close() -> None:
    """Let the requests that wait for Kafka have their answers now: the process is to end."""
    _waiting_room().close()


def _answer(parsed: Parsed, outcomes: Sequence[Outcome], *, is_atomic: bool) -> HttpResponse:
    if parsed.is_batch and not is_atomic:
        return answers.told_each(parsed, outcomes)
    events = [each for each in outcomes if not isinstance(each, PublishRefused)]
    return answers.accepted_all(events) if parsed.is_batch else answers.accepted_one(events[0])


def _refused(parsed: Parsed, error: BatchRefused) -> Problem:
    if parsed.is_batch:
        return refusal_of_all(parsed, error.refusals)
    return refusal(parsed, 0, error.refusals[0])


def _is_atomic(request: Request) -> bool:
    if not request.META.get("QUERY_STRING"):
        return True
    parameters = Parameters(request)
    chosen = parameters.one_of(ATOMIC, _BOOLEANS)
    parameters.refuse()
    return chosen != "false"


@cache
def _gate() -> Gate:
    return Gate(oldest_age_s)


@cache
def _waiting_room() -> WaitingRoom:
    return WaitingRoom(seats=waybill().waiting_requests)


def _forget(*, setting: str, **_: object) -> None:
    if setting == "WAYBILL":
        _gate.cache_clear()
        _waiting_room.cache_clear()


setting_changed.connect(_forget, dispatch_uid="events.api.publishing")
