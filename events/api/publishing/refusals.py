"""Refusals: why an event was not stored, as a problem that points into the body as it was sent."""

from collections.abc import Mapping, Sequence

from events.api import problem_kinds as kinds
from events.api.problems import Problem, invalid, problem_of
from events.api.publishing.parsed import Parsed
from events.errors import (
    EventIdReused,
    EventInvalid,
    EventTooLarge,
    FieldError,
    PublishRefused,
    UnknownEventType,
)


def refusal(parsed: Parsed, index: int, error: PublishRefused) -> Problem:
    """Return why one event is refused; raises what nobody foresaw."""
    if isinstance(error, EventInvalid):
        return invalid(parsed.errors_of(index, error))
    problem = problem_of(error)
    if problem is None:
        raise error
    if parsed.is_batch:
        errors = problem.errors or [FieldError(pointer="", detail=problem.detail)]
        problem.errors = tuple(
            FieldError(pointer=f"/{index}{each.pointer}", detail=each.detail) for each in errors
        )
    return problem


def refusal_of_all(parsed: Parsed, refusals: Mapping[int, PublishRefused]) -> Problem:
    """Return why none of a batch was stored: one problem with every error.

    The first of these that occurs gives it its kind: what is too large (413), what is invalid
    (422), an id that names another event (409).
    """
    problems = [refusal(parsed, index, error) for index, error in refusals.items()]
    errors = [error for problem in problems for error in problem.errors]
    found = list(refusals.values())
    if any(isinstance(each, EventTooLarge) for each in found):
        first = next(each for each in problems if each.kind is kinds.TOO_LARGE)
        return Problem(first.kind, f"Nothing was stored. {first.detail}", errors=errors)
    if _all_are(UnknownEventType, found):
        return Problem(kinds.UNKNOWN_EVENT_TYPE, _told(problems), errors=errors)
    if _all_are(EventIdReused, found):
        return Problem(kinds.EVENT_ID_REUSED, _told(problems), errors=errors)
    return invalid(errors)


def _all_are(kind: type[PublishRefused], refusals: Sequence[PublishRefused]) -> bool:
    return all(isinstance(each, kind) for each in refusals)


def _told(problems: Sequence[Problem]) -> str:
    if len(problems) == 1:
        return f"Nothing was stored. {problems[0].detail}"
    return f"Nothing was stored: {len(problems)} events are refused, see the errors."
