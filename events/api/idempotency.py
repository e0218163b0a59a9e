"""Idempotency: a request with a key is carried out once, and answered the same ever after."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from events.api import problem_kinds as kinds
from events.api.idempotency_key import idempotency_key_of
from events.api.kept_answers import CallersKey
from events.api.problems import Problem, problem_of
from events.json_text import to_json
from events.schemas import JSON

AGAIN_S = 1

Act = Callable[[], HttpResponse]
_NOTHING: Mapping[str, str] = {}


def answered_once(
    request: Request, *, body: bytes, act: Act, asked: Mapping[str, str] = _NOTHING
) -> HttpResponse:
    """Return what `act` returns; without an Idempotency-Key that is all.

    The same request is the same method, address with its query, content type and body, and the
    same headers in `asked`: those that say what is asked for.

    With one `act` runs inside a transaction, in which its answer is kept: the same request again
    gets it again, byte for byte, with `Idempotent-Replayed: true`, and `act` does not run. Kept
    are successes, and refusals with 422 (what `act` had written then is rolled back). A failure of
    another kind leaves the key free. Raises Problem: 400 (no acceptable key), 409 while the first
    request is running, 422 if the key belongs to another request; and what `act` raises.
    """
    key = idempotency_key_of(request)
    if not key:
        return act()
    once = _Once(
        key=CallersKey(caller=str(request.user.pk), key=key),
        fingerprint=_fingerprint(request, body=body, asked=asked),
    )
    try:
        return once.answer(lambda: _carried_out(act))
    except _Refused as refused:
        problem = refused.problem
        return once.answer(lambda: problem.response(request))


class _Refused(Exception):
    """`act` refused with 422: its transaction rolls back, the refusal is kept by another."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _AnsweredMeanwhile(Exception):
    """The first request ended between our question and our lock: roll back and ask again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Once:
    key: CallersKey
    fingerprint: bytes

    def answer(self, act: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            return self._answer(act)
        except _AnsweredMeanwhile:
            return self._answer(act)  # now the answer is seen

    def _answer(self, act: Callable[[], HttpResponse]) -> HttpResponse:
        with transaction.atomic():
            is_ours, kept = self.key.ask()
            if kept is not None:
                if kept.fingerprint != self.fingerprint:
                    raise _reused()
                return _replayed(kept.response())
            if not is_ours:
                raise _in_use()
            response = act()
            if not self.key.keep(response, fingerprint=self.fingerprint):
                raise _AnsweredMeanwhile
            return response


def _carried_out(act: Act) -> HttpResponse:
    try:
        answer = act()
    except Exception as error:
        problem = problem_of(error)
        if problem is None or problem.kind.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        raise _Refused(problem) from error
    if not isinstance(answer, Response):
        return answer
    # Rendered here, so that what is kept is what is sent.
    headers = {**answer.headers, "Content-Type": JSON}
    return HttpResponse(to_json(answer.data), status=answer.status_code, headers=headers)


def _fingerprint(request: Request, *, body: bytes, asked: Mapping[str, str]) -> bytes:
    content_type = request.META.get("CONTENT_TYPE", "")
    headers = [part for name in sorted(asked) for part in (name, asked[name])]
    head = [str(request.method), request.get_full_path(), content_type, *headers]
    # Hashed one by one: no two requests make the same bytes.
    parts = [*(part.encode() for part in head), body]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


def _replayed(response: HttpResponse) -> HttpResponse:
    response["Idempotent-Replayed"] = "true"
    return response


def _in_use() -> Problem:
    return Problem(
        kinds.IDEMPOTENCY_KEY_IN_USE,
        f"The first request with this key is still running; try again in {AGAIN_S} s.",
        headers={"Retry-After": str(AGAIN_S)},
    )


def _reused() -> Problem:
    return Problem(
        kinds.IDEMPOTENCY_KEY_REUSED,
        "This Idempotency-Key was used for another request. Give this one a key of its own.",
    )
