"""Connection: a caller's one, kept alive, made anew after each trouble."""

import http.client
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

TIMEOUT_S = 5.0
# These pass by themselves, so the same request is sent again.
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    body: bytes
    is_to_be_repeated: bool

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def is_final(self) -> bool:
        """Whether the same request can never be taken."""
        return (
            HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR
            and self.status not in _PASSING
            and not self.is_to_be_repeated
        )


class Connection:
    """Talks to 127.0.0.1 with a token; for one thread."""

    def __init__(self, port: int, *, token: str) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self._headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def ask(self, path: str, body: bytes | None) -> Answer | str:
        """POST the body, or GET where there is none; the error's name when nobody answered."""
        try:
            self._http.request("GET" if body is None else "POST", path, body, self._headers)
            answer = self._http.getresponse()
            return Answer(
                status=answer.status,
                body=answer.read(),
                is_to_be_repeated=answer.getheader("Retry-After") is not None,
            )
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            return type(error).__name__
