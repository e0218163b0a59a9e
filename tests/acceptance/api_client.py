"""Clients of the API over real HTTP: one for single requests, one that publishes without pause."""

import hashlib
import http.client
import json
import threading
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.checker import durable_lines
from tests.waiting import wait_until

AGAIN_S = 0.1
TIMEOUT_S = 30.0
NO_ANSWER = (OSError, http.client.HTTPException)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class ApiClient:
    """One connection per request, to one address; not for several threads."""

    def __init__(self, port: int, *, token: str, prefer: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self._own = {"Authorization": f"Token {token}"}
        if prefer:
            self._own["Prefer"] = prefer

    def get(self, path: str) -> Answer:
        """Ask; raises one of NO_ANSWER where there is none."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: bytes, *, key: str = "") -> Answer:
        """Send JSON, or what should be, under an Idempotency-Key if there is one.

        Raises one of NO_ANSWER where there is none.
        """
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = f'"{key}"'
        return self._ask("POST", path, body, headers)

    def is_ready(self) -> bool:
        """Whether the server can serve."""
        try:
            return self.get("/readyz").status == HTTPStatus.OK
        except NO_ANSWER:
            return False

    def wait_until_ready(self, *, timeout_s: float = 60.0) -> None:
        """Wait until the server can serve."""
        wait_until(self.is_ready, timeout_s=timeout_s, every_s=0.1)

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        own = {**self._own, **headers}
        try:
            self._connection.request(method, path, body, own)
            answer = self._connection.getresponse()
            return Answer(
                status=answer.status, headers=dict(answer.getheaders()), body=answer.read()
            )
        finally:
            # The server hangs up on idle connections.
            self._connection.close()


class PublishingClient:
    """A thread that publishes one event after the other, each until it is accepted.

    It repeats a request under the same event id when it got 503 or no answer, as the API asks for;
    `answers` counts the statuses, "no answer" among them.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        topic: str,
        name: str,
        journal: Path,
        keys: int = 3,
        every_s: float = 0.0,
    ) -> None:
        self._api = api
        self._path = f"/api/v1/topics/{topic}/events"
        self._topic = topic
        self._name = name
        self._journal = journal
        self._keys = keys
        self._every_s = every_s
        self.accepted = 0
        self.answers: Counter[int | str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the event in hand."""
        self._stop.set()
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive(), f"{self._name} hangs"

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(self._every_s):
            self._publish(number)
            number += 1

    def _publish(self, number: int) -> None:
        value = b'{"n": %d}' % number
        event = {
            "source": f"/{self._name}",
            "id": f"{number:06}",
            "topic": self._topic,
            "key": f"{self._name}-{number % self._keys}",
            "value_sha256": hashlib.sha256(value).hexdigest(),
        }
        sent = {name: event[name] for name in ("source", "id", "key")} | {"type": "thing.happened"}
        body = json.dumps(sent).encode().removesuffix(b"}") + b', "data": ' + value + b"}"
        while not self._is_accepted(body):
            if self._stop.wait(AGAIN_S):
                return
        durable_lines.append(self._journal, [event])
        self.accepted += 1

    def _is_accepted(self, body: bytes) -> bool:
        try:
            status: int | str = self._api.post(self._path, body).status
        except NO_ANSWER:
            status = "no answer"
        self.answers[status] += 1
        return status == HTTPStatus.ACCEPTED
