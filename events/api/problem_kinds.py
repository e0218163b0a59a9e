"""Problem kinds: every way the API refuses, by its stable code, with the page that explains it."""

from events.api.problem_kind import ProblemKind, declare_problem

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
INVALID_PARAMETER = declare_problem(
    ProblemKind(
        code="invalid-parameter",
        status=400,
        title="A query parameter is wrong",
        meaning=(
            "The query holds a parameter that is unknown here, is given twice or has a value it "
            "cannot have. `errors` lists each: its pointer is the parameter's name behind a slash."
        ),
        remedy="Correct each of the errors and send the request again.",
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
TOO_SLOW = declare_problem(
    ProblemKind(
        code="too-slow",
        status=408,
        title="The request did not arrive in time",
        meaning="A request has 10 seconds to arrive, and one more for every 64,000 bytes of it.",
        remedy="Send it again, without pauses. Nothing was stored.",
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
        remedy=(
            "Send a content type that the field Accept-Post names, in UTF-8, without "
            "Content-Encoding. With `ce-specversion` and the other CloudEvents fields any will do."
        ),
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
TOO_MANY_REQUESTS = declare_problem(
    ProblemKind(
        code="too-many-requests",
        status=429,
        title="You have done this too often just now",
        meaning="`GET /api/v1/limits` says what each caller may do in a while. Nothing was done.",
        remedy="Wait as long as Retry-After says and send the request again.",
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
BACKLOG = declare_problem(
    ProblemKind(
        code="backlog-too-old",
        status=503,
        title="Too much waits for Kafka already",
        meaning=(
            "Events are accepted faster than they reach Kafka, or Kafka is away: the oldest that "
            "waits is older than the limit. Nothing was stored."
        ),
        remedy="Wait as long as Retry-After says and send the request again.",
    )
)
UNAVAILABLE = declare_problem(
    ProblemKind(
        code="unavailable",
        status=503,
        title="Not possible just now",
        meaning=(
            "The database, or Kafka where it is asked, is away, full or overloaded. Nothing was "
            "stored by halves."
        ),
        remedy=(
            "Wait as long as Retry-After says and send the request again; an event with an `id` "
            "of your own is never stored twice."
        ),
    )
)
