"""A client of the HTTP API, as anybody could write it."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

_TIMEOUT_S = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Status and body; the body is {} where it is no JSON."""

    status: int
    body: dict[str, Any]


class Client:
    """Talks to 127.0.0.1 with a token. Raises OSError or HTTPException when nobody answers."""

    def __init__(self, *, port: int, token: str = "") -> None:
        self._port = port
        self._token = token

    def get(self, path: str) -> Answer:
        """GET."""
        return self._ask("GET", path, body=None)

    def post(self, path: str, *, body: dict[str, Any]) -> Answer:
        """POST JSON."""
        return self._ask("POST", path, body=json.dumps(body).encode())

    def _ask(self, method: str, path: str, *, body: bytes | None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        headers = {"Content-Type": "application/json"} if body else {}
        if self._token:
            headers["Authorization"] = f"Token {self._token}"
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(status=response.status, body=_parsed(response.read()))
        finally:
            connection.close()


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
