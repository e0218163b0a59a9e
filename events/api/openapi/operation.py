"""Operation: one method of one address, described."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from events.api import problem_kinds as kinds
from events.api.openapi.shapes import TEXT, WHOLE, Shape, named
from events.api.problem_kind import ProblemKind
from events.schemas import JSON

View = TypeVar("View", bound=Callable[..., Any])

PROBLEM = "application/problem+json"
# Whatever is asked for, this may be the answer.
ANYWHERE = (
    kinds.BAD_REQUEST,
    kinds.INVALID_PARAMETER,
    kinds.NOT_AUTHENTICATED,
    kinds.TOO_MANY_REQUESTS,
    kinds.UNAVAILABLE,
)
REQUEST_ID: Shape = {
    "name": "X-Request-ID",
    "in": "header",
    "description": "Taken over into logs and what is stored, and sent back; else one is made.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
}
_HEADERS = {
    "Location": "Where it is read.",
    "Retry-After": "Seconds to wait before the next try.",
    "WWW-Authenticate": "How to authenticate.",
    "Idempotent-Replayed": "`true` if this is the answer of an earlier request.",
    "Preference-Applied": "The preference that was followed.",
    "RateLimit-Policy": "How much is allowed in how many seconds.",
    "RateLimit": "How much of it is left, and in how many seconds all of it is there again.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer that is no problem: its status, its content by media type, its headers."""

    status: int
    description: str
    shape: Shape | None = None
    media_type: str = JSON
    headers: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """What a method takes and answers; call it on the view's method."""

    id: str
    tag: str
    summary: str
    answers: Sequence[Answer]
    problems: Sequence[ProblemKind] = ()
    parameters: Sequence[Shape] = ()
    body: Shape | None = None
    is_public: bool = False
    description: str = ""
    extra: Shape = field(default_factory=dict)

    def __call__(self, view: View) -> View:
        """Return the view's method, described: it has this operation as its own."""
        view.operation = self  # type: ignore[attr-defined]  # any function takes attributes
        return view

    def document(self) -> Shape:
        """Return the operation as OpenAPI has it."""
        found: Shape = {
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "parameters": [*self.parameters, REQUEST_ID],
            "responses": {**_answers(self.answers), **_problems(self._kinds())},
            **self.extra,
        }
        if self.description:
            found["description"] = self.description
        if self.body:
            found["requestBody"] = {"required": True, "content": self.body}
        if self.is_public:
            found["security"] = []
        return found

    def _kinds(self) -> list[ProblemKind]:
        always = (kinds.BAD_REQUEST,) if self.is_public else ANYWHERE
        return [*self.problems, *(kind for kind in always if kind not in self.problems)]


def path_parameter(name: str, description: str, shape: Shape = TEXT) -> Shape:
    """Return a parameter in the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": shape,
    }


def query_parameter(name: str, description: str, shape: Shape = TEXT) -> Shape:
    """Return a parameter in the query that may be left out."""
    return {"name": name, "in": "query", "description": description, "schema": shape}


def header_parameter(name: str, description: str, shape: Shape = TEXT) -> Shape:
    """Return a header that may be left out."""
    return {"name": name, "in": "header", "description": description, "schema": shape}


def json_body(shape: Shape, **examples: Shape) -> Shape:
    """Return the content of a body in JSON."""
    return {JSON: {"schema": shape, **({"examples": examples} if examples else {})}}


def _answers(answers: Sequence[Answer]) -> Shape:
    found: Shape = {}
    for answer in answers:
        described: Shape = {"description": answer.description}
        if answer.shape is not None:
            described["content"] = {answer.media_type: {"schema": answer.shape}}
        if answer.headers:
            described["headers"] = {name: _header(name) for name in answer.headers}
        found[str(answer.status)] = described
    return found


def _problems(problems: Sequence[ProblemKind]) -> Shape:
    by_status: dict[int, list[ProblemKind]] = {}
    for kind in problems:
        by_status.setdefault(kind.status, []).append(kind)
    return {
        str(status): {
            "description": " ".join(f"`{kind.code}`: {kind.title}." for kind in same),
            "content": {PROBLEM: {"schema": named("Problem")}},
        }
        for status, same in sorted(by_status.items())
    }


def _header(name: str) -> Shape:
    shape = WHOLE if name == "Retry-After" else TEXT
    return {"description": _HEADERS[name], "schema": shape}
