"""A keyed request: one event, posted under an Idempotency-Key as often as it takes."""

from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus

from tests.acceptance.api_client import NO_ANSWER, Answer, ApiClient
from tests.acceptance.system import System
from tests.checker import durable_lines
from tests.waiting import wait_until

REPLAYED = "Idempotent-Replayed"


class KeyedRequest:
    """The same bytes to the same address under the same key, each time on a new connection."""

    def __init__(self, system: System, *, key: str, number: int = 0) -> None:
        self._system = system
        self._path = f"/api/v1/topics/{system.topic}/events"
        self._body = b'{"type": "thing.happened", "key": "k", "data": {"n": %d}}' % number
        self._key = key
        self._threads = ThreadPoolExecutor(1)

    def send(self) -> Answer:
        """Send it; raises one of NO_ANSWER."""
        client = ApiClient(self._system.web_port, token=self._system.token)
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
        event = answer.json
        line = {name: event[name] for name in ("source", "topic", "key", "value_sha256")}
        durable_lines.append(self._system.journal, [{**line, "id": event["ce_id"]}])

    def _answered(self) -> Answer | None:
        try:
            answer = self.send()
        except NO_ANSWER:
            return None
        is_final = answer.status not in {HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE}
        return answer if is_final else None
