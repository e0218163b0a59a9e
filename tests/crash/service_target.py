"""Kafka, PostgreSQL, Valkey or the mail server as a target; back when it answers."""

import threading
import time

from redis import Redis

from local.postgres import Postgres
from local.service import Service
from local.valkey import Valkey
from tests.crash.plan import Draw
from tests.crash.targets import Target

RESTART_WITHIN_S = 90.0
FLUSH_WITHIN_S = 5.0


class ServiceTarget(Target):
    """Killed and away for a moment, frozen, restarted in its own ways, or emptied (Valkey)."""

    def __init__(self, service: Service) -> None:
        super().__init__(service.name)
        self._service = service

    def harm(self, draw: Draw, *, hurry: threading.Event) -> float:
        match draw.choice.kind:
            case "kill":
                self._service.kill()
                hurry.wait(draw.lasts_s)
                over = time.monotonic()
                self._service.start()
                self._service.wait_ready(RESTART_WITHIN_S)
                return over
            case "freeze":
                self._service.freeze()
                hurry.wait(draw.lasts_s)
                self._service.thaw()
            case "restart":
                began = time.monotonic()
                self._restart(draw)
                return began
            case "flush" if isinstance(self._service, Valkey):
                with Redis.from_url(self._service.url, socket_timeout=FLUSH_WITHIN_S) as redis:
                    redis.flushall()
        return time.monotonic()

    def wait_back(self, timeout_s: float) -> bool:
        self._service.wait_ready(timeout_s)
        return True

    def _restart(self, draw: Draw) -> None:
        if isinstance(self._service, Postgres):
            mode = "immediate" if draw.coin else "fast"
            self._service.restart(mode=mode, timeout_s=RESTART_WITHIN_S)  # type: ignore[arg-type]
        else:
            self._service.restart(immediate=draw.coin, timeout_s=RESTART_WITHIN_S)
