"""Problems: whatever goes wrong under /api is answered in one form, RFC 9457."""

import logging
from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any

import psycopg
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from rest_framework import exceptions as rest

from events import errors as waybill_errors
from events.api import problem_kinds as kinds
from events.api.known_topics import known_topics
from events.api.problem_kind import ProblemKind
from events.api.request_id import request_id_of
from events.api.transfer import take_in_the_rest
from events.errors import FieldError
from events.json_text import to_json

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
# Errors that psycopg counts as internal, and which pass: read only (a standby, or out of space),
# the session was idle for too long, the transaction took too long.
_STATES_OF_THE_SERVICE = frozenset({"25006", "25P03", "25P04"})
MOST_ERRORS = 100  # shown of the broken rules; nobody reads more


class Problem(Exception):
    """A refusal, ready to be answered; `detail` tells the caller what to do."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{kind.code}: {detail}")
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def document(self) -> dict[str, Any]:
        """Return what is told of it, apart from the request."""
        document: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "code": self.kind.code,
        }
        if self.errors:
            document["errors"] = [
                {"pointer": error.pointer, "detail": error.detail}
                for error in self.errors[:MOST_ERRORS]
            ]
        return document

    def response(self, request: HttpRequest) -> HttpResponse:
        """Return the answer to `request`."""
        told = {"instance": escape_uri_path(request.path), "request_id": request_id_of(request)}
        return HttpResponse(
            to_json(self.document() | told),
            status=self.kind.status,
            content_type=CONTENT_TYPE,
            headers=self.headers,
        )


def problem_response(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer what a view raised (REST framework's EXCEPTION_HANDLER).

    None for what nobody foresaw: Django logs it, once, and `internal_error` answers.
    """
    problem = problem_of(error)
    if problem is None:
        return None
    if isinstance(error, waybill_errors.UnknownTopic):
        problem.detail += f" You may use: {known_topics(context['request'].user)}."
    if problem.kind is kinds.UNAVAILABLE:
        logger.warning(
            "a request could not be served: a service is away", extra={"error": str(error)}
        )
    take_in_the_rest(context["request"])
    return problem.response(context["request"])


@singledispatch
def problem_of(error: Exception) -> Problem | None:
    """Return how an exception is answered, by its type; None if nobody foresaw it."""
    return None


@problem_of.register
def _as_raised(error: Problem) -> Problem:
    return error


@problem_of.register
def _unknown_topic(error: waybill_errors.UnknownTopic) -> Problem:
    return Problem(kinds.UNKNOWN_TOPIC, sentence(error))


@problem_of.register
def _unknown_type(error: waybill_errors.UnknownEventType) -> Problem:
    wrong = FieldError(pointer="/type", detail="the topic does not carry this event type")
    return Problem(kinds.UNKNOWN_EVENT_TYPE, sentence(error), errors=[wrong])


@problem_of.register
def _event_invalid(error: waybill_errors.EventInvalid) -> Problem:
    return invalid(error.errors)


@problem_of.register
def _event_too_large(error: waybill_errors.EventTooLarge) -> Problem:
    return Problem(kinds.TOO_LARGE, f"The limit {error}.")


@problem_of.register
def _event_id_reused(error: waybill_errors.EventIdReused) -> Problem:
    return Problem(
        kinds.EVENT_ID_REUSED,
        "An event with this source and id is stored already, and it is not the same event.",
        errors=[FieldError(pointer="/id", detail="names another event already")],
    )


@problem_of.register(OperationalError)
@problem_of.register(InterfaceError)
@problem_of.register(psycopg.OperationalError)
@problem_of.register(psycopg.InterfaceError)
@problem_of.register(waybill_errors.ServiceUnavailable)
def _unavailable(error: Exception) -> Problem:
    return Problem(
        kinds.UNAVAILABLE,
        f"The request could not be served just now; try again in {RETRY_AFTER_S} s.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


@problem_of.register
def _perhaps_unavailable(error: InternalError) -> Problem | None:
    state = getattr(error.__cause__, "sqlstate", None)
    return _unavailable(error) if state in _STATES_OF_THE_SERVICE else None


@problem_of.register(rest.NotAuthenticated)
@problem_of.register(rest.AuthenticationFailed)
def _not_authenticated(error: rest.APIException) -> Problem:
    challenge = getattr(error, "auth_header", "Token")  # set by REST framework's view
    return Problem(
        kinds.NOT_AUTHENTICATED,
        "Send the header `Authorization: Token <token>` with a token that is valid.",
        headers={"WWW-Authenticate": challenge},
    )


@problem_of.register(rest.PermissionDenied)
@problem_of.register(DjangoPermissionDenied)
def _forbidden(error: Exception) -> Problem:
    return Problem(kinds.FORBIDDEN, sentence(error) or "You may not do this.")


@problem_of.register
def _not_granted(error: waybill_errors.NotGranted) -> Problem:
    return Problem(kinds.FORBIDDEN, sentence(error))


@problem_of.register(rest.NotFound)
@problem_of.register(Http404)
def _not_found(error: Exception) -> Problem:
    return Problem(kinds.NOT_FOUND, "There is nothing at this address.")


@problem_of.register
def _method_not_allowed(error: rest.MethodNotAllowed) -> Problem:
    return Problem(kinds.METHOD_NOT_ALLOWED, "Use one of the methods in the Allow header.")


@problem_of.register
def _form_too_big(error: RequestDataTooBig) -> Problem:
    return Problem(kinds.TOO_LARGE, "The form is larger than a form may be.")


def invalid(errors: Sequence[FieldError]) -> Problem:
    """Return the problem for content that breaks rules."""
    broken = "a rule is" if len(errors) == 1 else f"{len(errors)} rules are"
    return Problem(kinds.INVALID, f"Nothing was stored: {broken} broken.", errors=errors)


def sentence(error: Exception | str) -> str:
    """Return what an error says, as a sentence."""
    said = str(error)
    return f"{said[:1].upper()}{said[1:].rstrip('.')}." if said else ""
