"""Member: one consumer of a group in a thread of its own, to be stopped or killed."""

import threading
import time

from django.db import connections

from events.conf import Waybill
from events.consuming.assembly import EXIT_OK, ConsumerProcess
from events.consuming.consumer import Until
from events.consuming.keeper import Keeper
from events.consuming.worker import Worker
from events.testing.crashes import Crashes
from events.testing.life import Life

_STOP_S = 30.0
_STEP_S = 0.01


class _Stop:
    """Stops the consumer, or takes its polling thread out of it once its life is over."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self.asked = threading.Event()

    def is_set(self) -> bool:
        self._life.stop_if_dead()
        return self.asked.is_set()


class _Process(ConsumerProcess):
    """Keeps what a death has to end."""

    keeper: Keeper | None = None

    def _keeper(self) -> Keeper:
        self.keeper = super()._keeper()
        return self.keeper

    @property
    def worker(self) -> Worker:
        return self._worker


class Member:
    """A real ConsumerProcess, from `start` until it is idle, stopped or dead."""

    def __init__(
        self, group: str, *, settings: Waybill, crashes: Crashes, until_idle: bool = False
    ) -> None:
        self.group = group
        self._life = Life(crashes=crashes)
        self._stop = _Stop(self._life)
        self._process = _Process(group=group, settings=settings, until=Until(idle=until_idle))
        self._code: int | None = None
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"member {group}", daemon=True)

    def start(self) -> None:
        """Begin to consume."""
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it ended by itself; False if it did not within `timeout_s` seconds."""
        self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Have it leave in order; raises AssertionError if it does not, or ended badly."""
        self._stop.asked.set()
        assert self.wait(_STOP_S), f"a consumer of {self.group!r} does not stop"  # noqa: S101
        self.check()

    def check(self) -> None:
        """Raise AssertionError if it ended in another way than it was meant to."""
        if self._failure is not None:
            raise AssertionError(
                f"the consumer of group {self.group!r} failed: {self._failure}"
            ) from self._failure
        if self.died_at is None and self._code not in {None, EXIT_OK}:
            raise AssertionError(
                f"the consumer of group {self.group!r} ended with code {self._code}: "
                "the captured log says why"
            )

    @property
    def died_at(self) -> str | None:
        """The step at which it died, if it did."""
        return self._life.died_at

    @property
    def done(self) -> int:
        """How many messages it is done with."""
        consumer = getattr(self._process, "consumer", None)
        return 0 if consumer is None else consumer.done

    @property
    def attempts(self) -> int:
        """How often it called a handler."""
        return self._life.seen["handler_called"]

    @property
    def assignment(self) -> frozenset[tuple[str, int]]:
        """The partitions it has now."""
        kafka = getattr(self._process, "_kafka", None)
        return frozenset() if kafka is None else kafka.assignment

    def _run(self) -> None:
        try:
            with self._life.lived():
                self._code = self._process.run(self._stop)
            if self.died_at is not None:
                self._bury()
        except Exception as failure:  # noqa: BLE001 - raised in the test's thread by check()
            self._failure = failure
        finally:
            connections.close_all()

    def _bury(self) -> None:
        """Wait until nothing of it runs; have Kafka miss it now, not after its session timeout.

        Its sessions are cut: the keeper can neither renew nor remove anything, and the worker
        stops at its next statement, if it is not idle. Leaving the group commits no offset.
        """
        process, life = self._process, self._life
        if process.keeper is not None:
            process.keeper.stop(timeout_s=0)
        deadline = time.monotonic() + _STOP_S
        while not (
            life.is_still("keeper") and (process.worker.is_idle or life.is_still("worker"))
        ):
            assert time.monotonic() < deadline, "a handler of a dead process hangs"  # noqa: S101
            threading.Event().wait(_STEP_S)
        process._kafka.close(timeout_s=_STOP_S)
