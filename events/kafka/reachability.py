"""Whether Kafka answers, said once when that changes."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from confluent_kafka import Consumer, KafkaError, KafkaException

logger = logging.getLogger(__name__)

DOWN = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE})
PROBE_EVERY_S = 2.0
PROBE_S = 0.5  # how long a client waits for the answer


class Reachability:
    """Collects what callbacks saw (they only set flags); `tell` logs each change once."""

    def __init__(self, address: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._clock = clock
        self._is_down = False
        self._why = ""
        self._said = ""
        self._probed_at = float("-inf")

    def on_error(self, error: KafkaError) -> None:
        """Note an error; usable as librdkafka's error_cb."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN or error.code() not in DOWN:
            self._is_down = True
            # Kafka's own text counts brokers, up and down, and would be said again each time.
            is_gone = error.code() == KafkaError._ALL_BROKERS_DOWN
            self._why = "no broker can be reached" if is_gone else error.str()
            self._probed_at = self._clock()

    @property
    def is_down(self) -> bool:
        """Whether Kafka does not answer, as far as callbacks told."""
        return self._is_down

    def answered(self) -> None:
        """Note that Kafka answered."""
        self._is_down = False
        self._why = ""

    def wants_probe(self) -> bool:
        """Whether it is time to ask if Kafka is back; says yes at most every two seconds."""
        if not self._is_down or self._clock() - self._probed_at < PROBE_EVERY_S:
            return False
        self._probed_at = self._clock()
        return True

    def watch(self, client: Consumer) -> None:
        """Ask by this client whether Kafka is back, if it is time, and log a change.

        Records are no sign of life: they may have been fetched before Kafka went away.
        """
        if self.wants_probe():
            with suppress(KafkaException):
                client.list_topics(timeout=PROBE_S)
                self.answered()
        self.tell()

    def tell(self) -> None:
        """Log a change since the last call."""
        if self._is_down and self._said != self._why:
            logger.warning(
                "Kafka does not answer as it should; waiting",
                extra={"address": self._address, "reason": self._why},
            )
            self._said = self._why
        elif not self._is_down and self._said:
            logger.warning("Kafka answers again", extra={"address": self._address})
            self._said = ""
