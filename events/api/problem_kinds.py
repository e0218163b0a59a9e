"""Problem kinds: every way the API refuses, by its stable code, with the page that explains it."""

from collections.abc import Iterator
from dataclasses import dataclass

from events.errors import Misconfigured


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemKind:
    """One kind of refusal: `code` never changes; `meaning` and `remedy` are for people."""

    code: str
    status: int
    title: str
    meaning: str
    remedy: str

    @property
    def type(self) -> str:
        """The address of its page."""
        return f"/problems/{self.code}"


_kinds: dict[str, ProblemKind] = {}


def declare_problem(kind: ProblemKind) -> ProblemKind:
    """Give the kind its page; raises Misconfigured if its code is taken by another."""
    if _kinds.setdefault(kind.code, kind) != kind:
        raise Misconfigured(f"problem {kind.code!r} is declared twice, differently")
    return kind


def problem_kind(code: str) -> ProblemKind | None:
    """Return the kind with this code, if there is one."""
    return _kinds.get(code)


def problem_kinds() -> Iterator[ProblemKind]:
    """Yield every kind, by status and code."""
    yield from sorted(_kinds.values(), key=lambda kind: (kind.status, kind.code))


BAD_REQUEST = declare_problem(
    ProblemKind(
        code="bad-request",
        status=400,
        title="The request cannot be understood",
        meaning="Something about the request as such is wrong: its host, its length, its form.",
        remedy="Correct what the detail names and send the request again.",
    )
)
MALFORMED_JSON = declare_problem(
    ProblemKind(
        code="malformed-json",
        status=400,
        title="The body is not acceptable JSON",
        meaning=(
            "The body is not JSON (RFC 8259) in UTF-8, or it holds what cannot be kept or read "
            "back safely: a NUL character, a lone surrogate, a number beyond all range, a member "
            "name twice in one object, or nesting deeper than the limit."
        ),
        remedy="Correct the place the detail names. Sending the same bytes again will not help.",
    )
)
NOT_AUTHENTICATED = declare_problem(
    ProblemKind(
        code="not-authenticated",
        status=401,
        title="A valid token is needed",
        meaning="The request carries no token, or one that is unknown, expired or revoked.",
        remedy="Send the header `Authorization: Token <your token>`.",
    )
)
FORBIDDEN = declare_problem(
    ProblemKind(
        code="forbidden",
        status=403,
        title="This is not allowed to you",
        meaning="You are known, but you may not do this.",
        remedy="Ask an administrator for the right, or send the CSRF token if a browser asks.",
    )
)
NOT_FOUND = declare_problem(
    ProblemKind(
        code="not-found",
        status=404,
        title="There is nothing at this address",
        meaning="The address is wrong, or what it named does not exist.",
        remedy="Check the address, above all the id in it.",
    )
)
UNKNOWN_TOPIC = declare_problem(
    ProblemKind(
        code="unknown-topic",
        status=404,
        title="No such topic",
        meaning="Topics are declared in the code of the applications; this one is not.",
        remedy="Use one of the topics the detail names, or have the topic declared.",
    )
)
METHOD_NOT_ALLOWED = declare_problem(
    ProblemKind(
        code="method-not-allowed",
        status=405,
        title="This method is not offered here",
        meaning="The address exists, the method does not.",
        remedy="Use one of the methods in the Allow header.",
    )
)
EVENT_ID_REUSED = declare_problem(
    ProblemKind(
        code="event-id-reused",
        status=409,
        title="An event with this source and id is stored already",
        meaning="`source` and `id` together name one event for ever. The stored one differs.",
        remedy="If this is another event give it another id, or leave the id out.",
    )
)
IDEMPOTENCY_KEY_IN_USE = declare_problem(
    ProblemKind(
        code="idempotency-key-in-use",
        status=409,
        title="The first request with this Idempotency-Key is still running",
        meaning="What becomes of the first one is what every later one is told.",
        remedy="Wait as long as Retry-After says and send the same request again.",
    )
)
TOO_LARGE = declare_problem(
    ProblemKind(
        code="too-large",
        status=413,
        title="The request is larger than a limit allows",
        meaning="The detail names the limit. Nothing was stored.",
        remedy="Send less: put large content elsewhere and publish a reference to it.",
    )
)
UNSUPPORTED_MEDIA_TYPE = declare_problem(
    ProblemKind(
        code="unsupported-media-type",
        status=415,
        title="This content type is not accepted here",
        meaning="The body was not read, because its Content-Type or Content-Encoding is unknown.",
        remedy="Send `Content-Type: application/json`, in UTF-8, without Content-Encoding.",
    )
)
INVALID = declare_problem(
    ProblemKind(
        code="invalid",
        status=422,
        title="The content breaks a rule",
        meaning=(
            "The body is JSON, but not what this address takes. `errors` lists every broken "
            "rule: where (a JSON pointer, RFC 6901) and what to do about it."
        ),
        remedy="Correct each of the errors and send the request again.",
    )
)
UNKNOWN_EVENT_TYPE = declare_problem(
    ProblemKind(
        code="unknown-event-type",
        status=422,
        title="The topic does not carry this event type",
        meaning="A topic is declared together with the event types it carries.",
        remedy="Use one of the types the detail names, or have the type declared.",
    )
)
IDEMPOTENCY_KEY_REUSED = declare_problem(
    ProblemKind(
        code="idempotency-key-reused",
        status=422,
        title="This Idempotency-Key belongs to another request",
        meaning=(
            "A request with this key was answered before, and its address, content type or body "
            "was another. Nothing was done this time."
        ),
        remedy="Give each request a key of its own; repeat a request exactly as it was.",
    )
)
INTERNAL_ERROR = declare_problem(
    ProblemKind(
        code="internal-error",
        status=500,
        title="Something went wrong here",
        meaning="The fault is on this side, and is in our log under the request id.",
        remedy=(
            "Send the request again later; an event with an `id` of your own is never stored "
            "twice. If it fails again, tell us the request id."
        ),
    )
)
UNAVAILABLE = declare_problem(
    ProblemKind(
        code="unavailable",
        status=503,
        title="Not possible just now",
        meaning="The database is away, full or overloaded. Nothing was stored by halves.",
        remedy=(
            "Wait as long as Retry-After says and send the request again; an event with an `id` "
            "of your own is never stored twice."
        ),
    )
)
