"""A keyed request: one event, posted under an Idempotency-Key as often as it takes."""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus

from tests.acceptance.api_client import NO_ANSWER, Answer, ApiClient
from tests.acceptance.system import System
from tests.checker import durable_lines
from tests.waiting import wait_until

REPLAYED = "Idempotent-Replayed"


class KeyedRequest:
    """The same bytes to the same address under the same key, each time on a new connection."""

    def __init__(
        self,
        system: System,
        *,
        key: str,
        number: int = 0,
        client: str = "k",
        together: int = 0,
        prefer: str = "",
    ) -> None:
        """Prepare one event, or a batch of `together`; `client` is their key."""
        self._system = system
        self._path = f"/api/v1/topics/{system.topic}/events"
        event = {"type": "thing.happened", "key": client, "data": {"n": number}}
        self._body = json.dumps([event] * together if together else event).encode()
        self._key = key
        self._prefer = prefer
        self._threads = ThreadPoolExecutor(1)

    def wait_until_ready(self) -> None:
        """Wait until the server can serve."""
        ApiClient(self._system.web_port, token=self._system.token).wait_until_ready()

    def send(self) -> Answer:
        """Send it; raises one of NO_ANSWER."""
        client = ApiClient(self._system.web_port, token=self._system.token, prefer=self._prefer)
        return client.post(self._path, self._body, key=self._key)

    def start(self) -> Future[Answer]:
        """Send it in a thread."""
        return self._threads.submit(self.send)

    def send_until_answered(self) -> Answer:
        """Send it again after no answer, 409 and 503, as the API asks for."""
        answer = wait_until(self._answered, timeout_s=30, every_s=0.1)
        assert answer is not None
        return answer

    def stored(self) -> int:
        """How many events are stored under the key."""
        found = self._system.value(
            f"SELECT count(*) FROM events_event WHERE idempotency_key = '{self._key}'"  # noqa: S608
        )
        return int(found)

    def note_accepted(self, answer: Answer) -> None:
        """Write into the client's log what the server said it took."""
        told = answer.json
        events = told if isinstance(told, list) else told.get("events", [told])
        names = ("source", "topic", "key", "value_sha256")
        lines = [
            {**{name: event[name] for name in names}, "id": event["ce_id"]} for event in events
        ]
        durable_lines.append(self._system.journal, lines)

    def _answered(self) -> Answer | None:
        try:
            answer = self.send()
        except NO_ANSWER:
            return None
        is_final = answer.status not in {HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE}
        return answer if is_final else None
