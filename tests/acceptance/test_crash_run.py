"""F28: everything is killed, frozen and restarted at random; `make crashtest` does so for long."""

import threading
from pathlib import Path

import pytest

from local.demo.screen import Screen
from local.stack import Stack
from tests.crash.arena import Arena
from tests.crash.plan import FLUSH, FREEZE, KILL, Choice, Plan
from tests.crash.report import show
from tests.crash.run import CrashRun
from tests.crash.verdict import Verdict

# The run ends by its own deadlines, telling what was missing; this is only for when it cannot.
pytestmark = pytest.mark.timeout(600)
SEED = 28


def crash_run(
    stack: Stack, plan: Plan, *, token: str, directory: Path, broken: dict[str, str] | None = None
) -> Verdict:
    """Do one crash run; its table is in the test's output."""
    for service in stack.services:
        service.start()
        service.wait_ready()
    screen = Screen()
    arena = Arena(
        stack, token=token, directory=directory, plan=plan, broken=broken or {}, say=screen.say
    )
    try:
        verdict = CrashRun(arena, plan=plan, screen=screen).run(threading.Event())
    finally:
        arena.close()
        stack.smtp.journal.clear()
    show(verdict, screen)
    return verdict


def test_a_short_crash_run_keeps_every_promise(stack: Stack, token: str, tmp_path: Path) -> None:
    plan = Plan(kills=15, seed=SEED, freeze_s=(0.5, 3.0))
    verdict = crash_run(stack, plan, token=token, directory=tmp_path)
    assert verdict.is_clean
    assert verdict.kills == plan.kills
    assert verdict.run.load.events == verdict.effects > 0
    assert verdict.run.load.orders > 0


def harm(kind: str, *targets: str) -> tuple[Choice, ...]:
    return tuple(Choice(target=each, kind=kind, weight=1) for each in targets)


def test_a_relay_that_marks_before_the_ack_is_caught(
    stack: Stack, token: str, tmp_path: Path
) -> None:
    plan = Plan(
        kills=4,
        seed=SEED,
        # A record that Kafka did not take yet, and a relay that dies with it.
        choices=(*harm(FREEZE, "kafka"), *harm(KILL, "relay 1", "relay 2")),
        freeze_s=(3.0, 5.0),
        drained_within_s=15.0,  # what is broken may never drain
    )
    broken = {"relay": "relay marks before the ack"}
    verdict = crash_run(stack, plan, token=token, directory=tmp_path, broken=broken)
    assert not verdict.is_clean
    assert verdict.lost
    assert verdict.audit_lies


def test_a_consumer_that_trusts_redis_alone_is_caught(
    stack: Stack, token: str, tmp_path: Path
) -> None:
    plan = Plan(
        kills=6,
        seed=SEED,
        # A message that comes again, and a Redis that has forgotten it.
        choices=(*harm(FLUSH, "valkey"), *harm(KILL, "consumer 1", "consumer 2")),
        drained_within_s=15.0,
    )
    broken = {"consumer": "Redis-only dedupe"}
    verdict = crash_run(stack, plan, token=token, directory=tmp_path, broken=broken)
    assert not verdict.is_clean
    assert verdict.doubled_effects
