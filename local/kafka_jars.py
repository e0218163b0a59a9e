"""Resolves Apache Kafka's jars once and remembers where they lie."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import threading
import time
import zipfile
import zlib
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING

from local.errors import ServiceFailed

if TYPE_CHECKING:
    from local.service import Say

KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
# Without it Kafka's messages go nowhere. Resolved apart: together they bring older Kafka jars.
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"

_TRIES = 3
_SAY_EVERY_S = 5.0


def kafka_jars(*, say: Say, abandoned: threading.Event) -> list[Path]:
    """Every jar of the broker; downloads them when this machine has not got them yet.

    Raises ServiceFailed when they cannot be had, or when `abandoned` is set meanwhile.
    """
    memory = _cache_directory() / f"kafka-{zlib.crc32((KAFKA + LOGGING).encode()):08x}.json"
    jars = _remembered(memory)
    if jars is not None:
        return jars
    # Without the lock two stacks on a fresh machine would download into the same files.
    with memory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        jars = _remembered(memory)
        if jars is None:
            jars = _download(say=say, abandoned=abandoned)
            memory.write_text(json.dumps([str(jar) for jar in jars]))
        return jars


def _remembered(memory: Path) -> list[Path] | None:
    try:
        jars = [Path(jar) for jar in json.loads(memory.read_text())]
        complete = bool(jars) and all(jar.is_file() for jar in jars)
    except (OSError, ValueError):
        return None
    return jars if complete else None


def _download(*, say: Say, abandoned: threading.Event) -> list[Path]:
    say("Getting Apache Kafka 4.3.1; the first time this downloads 44 MB")
    outcome: Future[list[Path]] = Future()
    # A daemon: a person who presses Ctrl-C must not wait for the end of a download.
    threading.Thread(target=_resolve, args=(outcome,), name="kafka-jars", daemon=True).start()
    began = time.monotonic()
    while not outcome.done():
        wait([outcome], timeout=_SAY_EVERY_S)
        if abandoned.is_set():
            raise ServiceFailed("getting the jars of Apache Kafka was abandoned")
        if not outcome.done():
            say(f"Still getting Apache Kafka ({time.monotonic() - began:.0f} s)")
    jars = outcome.result()
    broken = [str(jar) for jar in jars if not zipfile.is_zipfile(jar)]
    if broken or not jars:
        raise ServiceFailed(f"missing or broken jars of Apache Kafka; delete them: {broken}")
    say(f"Apache Kafka is here ({len(jars)} jars)")
    return jars


def _resolve(outcome: Future[list[Path]]) -> None:
    error: Exception | None = None
    for _ in range(_TRIES):
        try:
            jars = _build()
        except Exception as failure:  # noqa: BLE001 - jgo raises what its parts raise
            error = failure
        else:
            outcome.set_result(jars)
            return
    outcome.set_exception(ServiceFailed(f"cannot get the jars of Apache Kafka: {error}"))


def _build() -> list[Path]:
    import jgo  # noqa: PLC0415 - slow to load, and not needed once the jars are known

    jars = [Path(jar) for jar in jgo.build(KAFKA).all_jars]
    bridge = LOGGING.split(":")[1]
    extra = [Path(jar) for jar in jgo.build(LOGGING).all_jars]
    return jars + [jar for jar in extra if jar.name.startswith(bridge)]


def _cache_directory() -> Path:
    wanted = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "waybill"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError:
        wanted = Path(tempfile.gettempdir()) / f"waybill-cache-{os.getuid()}"
        wanted.mkdir(mode=0o700, exist_ok=True)
    return wanted
